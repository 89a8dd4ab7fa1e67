import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPool, type PoolConnections } from '../../../src/db/pool.js'
import { Api } from '../../support/api.js'
import { aProduct, file } from '../../support/builders.js'
import { expectError, expectErrors } from '../../support/errors.js'
import { setUpSchemaBefore } from '../../support/old-schema.js'
import { createEmptyDatabase, type ServeProcess, serve, temporaryFolder } from '../../support/service.js'

const ownerId = randomUUID()
const productId = randomUUID()
const importId = randomUUID()
const longRef = `${'long \\x41 '.repeat(200)}é`

let pool: PoolConnections
let server: ServeProcess
let api: Api
const cleanUp: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  const folder = await temporaryFolder()
  const { databaseUrl, drop } = await createEmptyDatabase()
  pool = createPool({ connectionString: databaseUrl }, 2, () => {})
  cleanUp.push(
    () => pool.end(),
    drop,
    () => folder.remove(),
  )
  await setUpSchemaBefore(pool, '0008')
  await pool.query("insert into owners (id, kind, name, is_default) values ($1, 'store', 'default', true)", [
    ownerId,
  ])
  await pool.query(
    `insert into products (owner_id, id, created_at, updated_at, external_ref, name)
     values ($1, $2, now(), now(), $3, 'Coffee box')`,
    [ownerId, productId, longRef],
  )
  await pool.query(
    `insert into imports (id, owner_id, status, started_at, finished_at, errors, upload_store, upload_key, file_bytes, file_lines,
                          file_sha256, max_line_bytes)
     values ($1, $2, 'success', now(), now(), 1, 'none', 'none', 0, 3, 'x', 1024)`,
    [importId, ownerId],
  )
  await pool.query(
    `insert into import_errors (owner_id, import_id, line_number, ordinal, field, error, created_at)
     values ($1, $2, 2, 0, 'name', 'name is required', now())`,
    [ownerId, importId],
  )
  server = await serve({ DATA_DIR: join(folder.path, 'data'), DATABASE_URL: databaseUrl })
  cleanUp.unshift(() => server.stop())
  api = new Api(server.url, server.apiKey)
})
afterAll(async () => {
  for (const step of cleanUp) await step()
})

test('An import from before an upgrade returns its errors, and 410 where some would be silently left out', async () => {
  expect(await api.errors(importId)).toEqual([
    { line: 2, field: 'name', error: 'name is required', externalRef: undefined },
  ])
  for (const path of ['errors/kinds', 'rejected', 'rejected?line_number=2']) {
    const answer = await api.get(`/subscriptions/imports/${importId}/${path}`)
    expectError(
      answer,
      410,
      'Gone',
      /^This import is from before an upgrade: .*Its list of errors is complete\.$/,
    )
  }
})

test('A long external_ref stored before an upgrade is found and taken after it, by requests and by imports', async () => {
  const taken = await api.post('/subscriptions/products', aProduct({ external_ref: longRef }))
  expectErrors(taken, 409, [
    {
      title: 'Write Conflict',
      detail: 'The external_ref is that of another product.',
      meta: { id: productId },
    },
  ])
  const [complaint] = await api.complaints(file(aProduct({ external_ref: longRef }), aProduct()))
  expect(complaint?.[2]).toMatch(new RegExp(`is already used by product ${productId}$`))
})

test('Long external_refs with the same start are distinguished by their SHA-256, so that nobody can create two with one key', async () => {
  const [one, other] = [`${longRef}-1`, `${longRef}-2`]
  const { meta } = await api.import(file(aProduct({ external_ref: one }), aProduct({ external_ref: other })))
  expect(meta.errors).toBe(0)
  const { rows } = await pool.query<{ is_so: boolean }>(
    "select ref_key($1) = left($1, 200) || chr(1) || encode(sha256(convert_to($1, 'UTF8')), 'hex') as is_so",
    [one],
  )
  expect(rows[0]?.is_so).toBe(true)
})
