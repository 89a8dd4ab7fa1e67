import { beforeAll, describe, expect, test } from 'vitest'
import { aProduct, file } from '../support/builders.js'
import { intake, intakeOnTerminal } from '../support/cli.js'
import { testService } from '../support/service.js'

const service = testService({})
const wrong = [
  aProduct({ name: 'x', external_ref: 'a-reference-that-is-long-enough-to-be-wrapped' }),
  aProduct({ price: { USD: { amount: 'much' } } }),
  aProduct({ price_units: { unit: 'fortnight', amount: 0 } }),
]
const place = () => ['--data-dir', service.dataDir]
const environment = () => ({ DATABASE_URL: service.databaseUrl })

beforeAll(async () => {
  await service.api.import(file(aProduct()), { externalRef: 'the first import of many, in June 2024' })
  const content = file(...Array.from({ length: 30 }, () => wrong).flat(), '{', aProduct())
  await service.api.import(content, { dryRun: true, fileName: 'a-file-with-a-rather-long-name.jsonl' })
})

const visible = (line: string) =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's
  line.replaceAll(/\u001b(?:\[[0-9;?]*[a-zA-Z]|[78])/g, '')

/** Commands are meant to be copied whole, and a bar is drawn over and over in one line. */
const isOfAnyWidth = (line: string) => /^ {2}npx intake |^rehearsing /.test(line)

describe.skipIf(process.platform !== 'linux').each([40, 80])('On a terminal of %i columns', (columns) => {
  test.each<[string, string, string?, string?]>([
    ['imports', 'list'],
    ['imports', 'show', '@latest'],
    ['imports', 'watch'],
    ['imports', 'errors', '@latest'],
    ['imports', 'errors', '@latest', '--kinds'],
    ['keys', 'list'],
    ['stores', 'list'],
  ])('intake %s %s fits', async (...args) => {
    const words = args.filter((word) => word !== undefined)
    const shown = await intakeOnTerminal([...words, ...place()], environment(), { columns })
    const lines = shown.split(/\r?\n/).map(visible)
    const wide = lines.filter((line) => [...line].length > columns && !isOfAnyWidth(line))
    expect(wide).toEqual([])
    expect(lines.length).toBeGreaterThan(2)
  })
})

test('The help of "serve", whose flags are long, fits 80 columns', async () => {
  const { stdout } = await intake(['serve', '--help'])
  expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
})
