import { randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPool, type PoolConnections } from '../../src/db/pool.js'
import { Api } from '../support/api.js'
import { aFeature, anOffering, aPlan, aProduct, aSubscriber, counts, file } from '../support/builders.js'
import { setUpSchemaBefore } from '../support/old-schema.js'
import { insertImport } from '../support/rows.js'
import { createEmptyDatabase, type ServeProcess, serve, temporaryFolder } from '../support/service.js'

const ownerId = randomUUID()
const dataDirId = randomUUID()

let pool: PoolConnections
let server: ServeProcess
let api: Api
const cleanUp: (() => Promise<unknown>)[] = []

const finished = randomUUID()
const skipping = randomUUID()
const interrupted = randomUUID()
const waiting = randomUUID()

/**
 * The first two lines of this file were processed before the upgrade: one product added, one plan rejected.
 */
const begun = file(aProduct({ external_ref: 'before' }), aPlan({ name: 'no' }))
const rest = file(aProduct({ external_ref: 'after' }), aSubscriber(), anOffering({ products: ['after'] }))

beforeAll(async () => {
  const folder = await temporaryFolder()
  const { databaseUrl, drop } = await createEmptyDatabase()
  pool = createPool({ connectionString: databaseUrl }, 2, () => {})
  cleanUp.push(
    () => pool.end(),
    drop,
    () => folder.remove(),
  )
  await setUpSchemaBefore(pool, '0009')
  await pool.query("insert into owners (id, kind, name, is_default) values ($1, 'store', 'default', true)", [
    ownerId,
  ])
  await insertImport(pool, ownerId, {
    id: finished,
    created_at: '2026-01-01',
    ...{ uploaded_products: 7, uploaded_plans: 6, uploaded_subscribers: 5, uploaded_offerings: 4 },
    ...{ imported_products: 3, imported_plans: 6, imported_subscribers: 0, imported_offerings: 2 },
  })
  await insertImport(pool, ownerId, {
    id: skipping,
    created_at: '2026-01-02',
    on_conflict: 'skip',
    ...{ uploaded_products: 9, imported_products: 4, skipped_products: 5 },
    ...{ uploaded_plans: 3, skipped_plans: 3, uploaded_subscribers: 2, skipped_subscribers: 1 },
    ...{ uploaded_offerings: 8, skipped_offerings: 8 },
  })
  const dataDir = join(folder.path, 'data')
  await mkdir(join(dataDir, 'uploads'), { recursive: true })
  await writeFile(join(dataDir, 'id'), `${dataDirId}\n`)
  const addUnfinished = async (id: string, content: string, columns: Readonly<Record<string, unknown>>) => {
    await writeFile(join(dataDir, 'uploads', `${id}.jsonl`), content)
    await insertImport(pool, ownerId, {
      id,
      upload_store: `file:${dataDirId}`,
      upload_key: id,
      file_bytes: Buffer.byteLength(content),
      file_lines: content.trimEnd().split('\n').length,
      ...columns,
    })
  }
  await addUnfinished(interrupted, begun + rest, {
    status: 'started',
    created_at: '2026-01-03',
    started_at: '2026-01-03',
    ...{ uploaded_products: 2, uploaded_plans: 1, uploaded_subscribers: 1, uploaded_offerings: 1 },
    ...{ imported_products: 1, errors: 1 },
    ...{ checkpoint_pass: 1, checkpoint_bytes: Buffer.byteLength(begun), checkpoint_lines: 2 },
  })
  await addUnfinished(waiting, file(aPlan(), aFeature(), aPlan({ name: 'no' }), anOffering()), {
    status: 'pending',
    created_at: '2026-01-04',
    ...{ uploaded_plans: 2, uploaded_offerings: 1 },
  })
  server = await serve({ DATA_DIR: dataDir, DATABASE_URL: databaseUrl })
  cleanUp.unshift(() => server.stop())
  api = new Api(server.url, server.apiKey)
})
afterAll(async () => {
  for (const step of cleanUp) await step()
})

test('The counts of a finished import are the same after an upgrade', async () => {
  expect((await api.find(finished)).meta.records).toEqual({
    uploaded: counts(7, 6, 5, 4),
    imported: counts(3, 6, 0, 2),
  })
  expect((await api.find(skipping)).meta.records).toEqual({
    uploaded: counts(9, 3, 2, 8),
    imported: counts(4),
    skipped: counts(5, 3, 1, 8),
  })
})

test('An import interrupted by an upgrade resumes from its checkpoint and keeps counting', async () => {
  const { attributes, meta } = await api.finished(interrupted)
  expect(attributes.status).toBe('success')
  expect(meta.records).toEqual({ uploaded: counts(2, 1, 1, 1), imported: counts(2, 0, 1, 1) })
  expect(meta.errors).toBe(1)
  const { body } = await api.get('/subscriptions/products')
  expect(
    body.data.map((one: { attributes: { external_ref: string } }) => one.attributes.external_ref),
  ).toEqual(['after'])
})

test('An import that waited during an upgrade runs after it, including the types of its later passes', async () => {
  const { attributes, meta } = await api.finished(waiting)
  expect(attributes.status).toBe('success')
  expect(meta.records).toEqual({ uploaded: counts(0, 2, 0, 1), imported: counts(0, 1, 0, 1) })
  expect(meta.errors).toBe(2)
})

test('A type added by an upgrade stays unknown to files received before it', async () => {
  await api.finished(waiting)
  const [problem] = await api.errors(waiting)
  expect(problem).toMatchObject({ line: 2, field: '' })
  expect(problem?.error).toBe(
    'type "subscription_feature" was not known yet when the file was received; post the line again',
  )
  expect((await api.get('/subscriptions/features')).body.data).toEqual([])
})
