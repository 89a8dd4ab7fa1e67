import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { aProduct, file } from '../../support/builders.js'
import { insertImport, ownerIdOf } from '../../support/rows.js'
import { testService } from '../../support/service.js'

const service = testService({ LOG_LEVEL: 'info' })

/** The lines that an operator finds by an import's id. */
const linesAbout = (id: string): Record<string, unknown>[] =>
  service.server
    .stderr()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
    .filter(({ import_id }) => import_id === id)

test('the lines with an import_id follow an import from its POST to its end', async () => {
  const { id } = await service.api.import(file(aProduct(), aProduct({ name: 'No' })))
  const messages = () => linesAbout(id).map(({ msg }) => msg)
  await expect.poll(messages, { timeout: 20_000 }).toContain('import finished')
  expect(messages().sort()).toEqual([
    'import claimed',
    'import finished',
    'import received',
    'request completed',
  ])
  const [received, completed] = ['import received', 'request completed'].map((text) =>
    linesAbout(id).find(({ msg }) => msg === text),
  )
  expect(received?.reqId).toBe(completed?.reqId)
  expect(completed?.res).toEqual({ statusCode: 201 })
  expect(linesAbout(id).find(({ msg }) => msg === 'import finished')).toMatchObject({
    outcome: 'success',
    uploaded: { subscription_product: 2 },
    imported: { subscription_product: 1 },
    errors: 1,
  })
})

test('an import whose file is gone is an error in the log, under its id', async () => {
  const id = randomUUID()
  const store = `file:${(await readFile(join(service.dataDir, 'id'), 'utf8')).trim()}`
  await insertImport(service.pool, await ownerIdOf(service.pool, service.api), {
    id,
    status: 'pending',
    upload_store: store,
    upload_key: 'gone',
    file_bytes: 1,
  })
  await expect
    .poll(() => linesAbout(id).map(({ msg }) => msg), { timeout: 20_000 })
    .toContain('import failed')
  expect(linesAbout(id).find(({ msg }) => msg === 'import failed')).toMatchObject({
    level: 50,
    outcome: 'upload_missing',
  })
})
