import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { aProduct, file } from '../support/builders.js'
import { intake, type Outcome } from '../support/cli.js'
import { newStoreEach, temporaryFolder, testService } from '../support/service.js'

const service = testService()
const api = newStoreEach(service)
let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => folder.remove())

const place = () => ['--url', api.url]
const environment = () => ({ API_KEY: api.key })
/** The command that an output suggests, without `npx intake`. */
const suggested = ({ stdout }: Outcome, beginning: string): string[] =>
  new RegExp(`^  npx intake (${beginning} .*)$`, 'm').exec(stdout)?.[1]?.split(' ') ?? []

test('A rehearsal says how many existing records would change, and leads to what would change and to its warnings', async () => {
  await api.import(file(aProduct({ external_ref: 'a' }), aProduct({ external_ref: 'b' })))
  const path = join(folder.path, 'changed.jsonl')
  const lines = file(
    aProduct({ external_ref: 'a', name: 'Tea box', colour: 'red' }),
    aProduct({ external_ref: 'b' }),
    aProduct(),
  )
  await writeFile(path, lines)
  const shown = await intake(
    ['import', path, '--dry-run', '--on-conflict', 'update', ...place()],
    environment(),
  )
  expect(shown.stdout).toContain(
    'Of these, 1 would change an existing record, and 1 is equal to one already.',
  )
  const later = await intake(['imports', 'show', '@latest', ...place()], environment())
  expect(later.stdout).toContain(
    'Of these, 1 would change an existing record, and 1 is equal to one already.',
  )
  const changes = (await intake(suggested(shown, 'imports changes'), environment())).stdout
  expect(
    changes
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toMatchObject([
    { change: 'updated', attributes: { name: ['Coffee box', 'Tea box'] } },
    { change: 'unchanged' },
    { change: 'created' },
  ])
  const warnings = await intake(suggested(shown, 'imports warnings'), environment())
  expect(warnings.stdout).toMatch(/^ +1 +3 +external_ref +products without an external_ref: /m)
})

test('A rehearsal that stops early does not say that what it rejected was not checked', async () => {
  const path = join(folder.path, 'wrong.jsonl')
  await writeFile(path, file(aProduct(), aProduct({ name: 'x' }), aProduct({ name: 'y' })))
  const shown = await intake(['import', path, '--dry-run', '--max-errors', '1', ...place()], environment())
  expect(shown.code).toBe(1)
  expect(shown.stdout).toContain('; the other 2 were rejected or not checked.')
})
