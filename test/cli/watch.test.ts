import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { aProduct, file, times } from '../support/builders.js'
import { intakeOnTerminal, startIntake } from '../support/cli.js'
import { temporaryFolder, testServiceEach } from '../support/service.js'

const service = testServiceEach()

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => folder.remove())

const place = () => ['--url', service.api.url, '--api-key', service.api.key]

test('While the server does not answer, whoever follows an import is told so', async () => {
  const client = await service.pool.connect()
  try {
    // The worker gets to its first product, and no further.
    await client.query('begin; lock table products in exclusive mode')
    const { id } = await service.api.create(file(aProduct()))
    await service.api.waitFor(id, 'started')
    const watching = startIntake(['imports', 'watch', id, ...place()])
    await watching.says(/^importing: 0%, \d:\d\d, 0 of 1 record$/m)
    await service.server.kill()
    await watching.says(/^importing: 0%, waiting for the server, \d:\d\d, 0 of 1 record$/m)
    watching.child.kill('SIGINT')
    expect((await watching.ended).code).toBe(130)
  } finally {
    await client.query('rollback')
    client.release()
  }
})

test('On a terminal the bar never goes back, and is full at the end, however many lines are wrong or there already', async () => {
  const path = join(folder.path, 'records.jsonl')
  await writeFile(
    path,
    times(40_000, (n) => aProduct({ external_ref: `p-${n}`, name: n % 3 === 0 ? 'x' : 'Coffee' })),
  )
  for (const _ of ['imported', 'skipped']) {
    const args = ['import', path, '--on-conflict', 'skip', '--yes', ...place()]
    const shown = await intakeOnTerminal(args, {})
    const percents = [...stripVTControlCharacters(shown).matchAll(/importing \S* +(\d+)%/g)].map(
      ([, percent]) => Number(percent),
    )
    expect(percents.length).toBeGreaterThan(2)
    expect(percents.toSorted((a, b) => a - b)).toEqual(percents)
    expect([percents[0], percents.at(-1)]).toEqual([0, 100])
  }
  await rm(path)
})
