import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  aFeature,
  anOffering,
  aPlan,
  aProduct,
  aSubscriber,
  aSubscription,
  file,
  type RecordLine,
  times,
} from '../support/builders.js'
import { intake, intakeJson, intakeOnTerminal } from '../support/cli.js'
import { newStoreEach, temporaryFolder, testService } from '../support/service.js'

const service = testService()
const api = newStoreEach(service)
let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => folder.remove())

const place = (of = api) => ['--url', of.url, '--api-key', of.key]

const catalogue = [
  aProduct({ external_ref: 'box' }),
  aPlan({ external_ref: 'monthly' }),
  aSubscriber({ payment_authority: { type: 'authorize_net', customer_profile_id: '9001' } }),
  aFeature({ external_ref: 'library' }),
  anOffering({ external_ref: 'coffee', products: ['box'], plans: ['monthly'], features: ['library'] }),
  aSubscription({ selected_plan: 'monthly' }),
]

const recordsIn = (lines: string): RecordLine[] =>
  lines
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))

describe('intake export', () => {
  test('writes everything that an import takes, each type before those that refer to it', async () => {
    await api.import(file(...catalogue.toReversed()))
    const exported = await intake(['export', ...place()])
    expect(exported.code).toBe(0)
    expect(recordsIn(exported.stdout)).toEqual(catalogue)

    const output = join(folder.path, 'everything.jsonl')
    const saved = await intake(['export', '-o', output, ...place()])
    expect(saved).toMatchObject({ code: 0, stdout: `6 records are in ${output}.\n` })
    expect(await readFile(output, 'utf8')).toBe(exported.stdout)

    const other = await service.addStore()
    expect((await intake(['import', output, ...place(other)])).code).toBe(0)
    expect((await intake(['export', ...place(other)])).stdout).toBe(exported.stdout)
  })

  test('writes the types, and what the filter finds', async () => {
    await api.import(file(...catalogue))
    const lines = async (...args: string[]) => (await intake(['export', ...args, ...place()])).stdout
    const [product, plan, subscriber] = catalogue
    expect(recordsIn(await lines('plans', 'products'))).toEqual([product, plan])
    expect(recordsIn(await lines('subscribers', '--filter', 'eq(name,A subscriber)'))).toEqual([subscriber])
    expect(await lines('subscribers', '--filter', 'eq(name,Nobody)')).toBe('')
    const [offering] = recordsIn(await lines('offerings', '--inline'))
    expect(offering?.data.attributes.products).toEqual([product?.data.attributes])
  })

  test('never writes over a file, and says what it does not know', async () => {
    const output = join(folder.path, 'kept.jsonl')
    expect(await intakeJson(['export', '--output', output, ...place()], {})).toEqual({
      file: output,
      lines: 0,
      bytes: 0,
    })
    expect(await intake(['export', '--output', output, ...place()])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`The file ${output} already exists.`),
    })
    expect((await intake(['export', 'invoices', ...place()])).stderr).toContain(
      'Allowed choices are products, plans, subscribers, features, offerings, subscriptions.',
    )
    expect((await intake(['export', 'plans', '--filter', 'eq(sku,1)', ...place()])).stderr).toMatch(
      /answered 400: Could not parse the supplied filter: .*sku/,
    )
  })

  test.skipIf(process.platform !== 'linux')('shows nothing that a terminal would obey', async () => {
    await api.import(file(aProduct({ name: 'red \u001b[31m \u202e' })))
    const shown = await intakeOnTerminal(['export', ...place()], {})
    expect(JSON.parse(shown).data.attributes.name).toBe('red \u001b[31m \u202e')
    expect(shown).toContain('red \\u001b[31m \\u202e')
  })

  test('of ten thousand records is whole', async () => {
    const lines = times(10_000, (number) => aProduct({ name: `Number ${number}` }))
    await api.import(lines)
    expect((await intake(['export', 'products', ...place()])).stdout).toBe(lines)
  })
})
