import { chmod, cp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPool, type Pool } from '../../../src/db/pool.js'
import { Api, type ImportResource } from '../../support/api.js'
import { counts } from '../../support/builders.js'
import { createEmptyDatabase, type ServeProcess, serve, temporaryFolder } from '../../support/service.js'

type Rows = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>

const OLD = new URL('old-data/', import.meta.url)
const MIGRATIONS = new URL('../../../src/db/migrations/', import.meta.url)

/** Brings an empty database to the state of an earlier version: its migrations, then its rows. */
async function restore(pool: Pool, tables: Rows): Promise<void> {
  await pool.query('create table migrations (id integer, name text, run_on timestamp)')
  for (const { name } of tables.migrations ?? []) {
    await pool.query(await readFile(new URL(`${name}.sql`, MIGRATIONS), 'utf8'))
  }
  for (const [table, rows] of Object.entries(tables)) {
    await pool.query(
      `begin; set local session_replication_role to replica;
       insert into ${table} select * from json_populate_recordset(null::${table}, ${asLiteral(rows)}); commit`,
    )
  }
}

const asLiteral = (value: unknown): string => `'${JSON.stringify(value).replaceAll("'", "''")}'`

describe('Data of the previous version', () => {
  const stops: (() => Promise<unknown>)[] = []
  let server: ServeProcess
  let api: Api
  let imports: Map<string | undefined, ImportResource>
  beforeAll(async () => {
    const { databaseUrl, drop } = await createEmptyDatabase()
    stops.push(drop)
    const pool = createPool({ connectionString: databaseUrl }, 1, () => {})
    await restore(pool, JSON.parse(await readFile(new URL('rows.json', OLD), 'utf8')) as Rows)
    await pool.end()
    const folder = await temporaryFolder()
    stops.push(() => folder.remove())
    const dataDir = join(folder.path, 'data')
    await cp(fileURLToPath(new URL('data', OLD)), dataDir, { recursive: true })
    await chmod(dataDir, 0o711)
    // Its imports do not expire, however long ago they were.
    server = await serve({
      DATA_DIR: dataDir,
      DATABASE_URL: databaseUrl,
      API_KEY: 'key-of-old-data',
      RETENTION_DAYS: 'none',
    })
    stops.push(() => server.stop())
    api = new Api(server.url, server.apiKey)
    const { data } = (await api.get('/subscriptions/imports')).body as { data: ImportResource[] }
    imports = new Map()
    for (const { id, attributes } of data) imports.set(attributes.external_ref, await api.finished(id))
  })
  afterAll(async () => {
    for (const stop of stops.reverse()) await stop()
  })

  const named = (name: string): ImportResource => {
    const found = imports.get(name)
    if (!found) throw new Error(`there is no import "${name}"`)
    return found
  }

  test.each([
    ['finished', counts(2, 1, 1, 1), counts(1, 1, 1, 1), 2],
    ['interrupted', counts(2, 0, 0, 2), counts(1, 0, 0, 2), 1],
    ['waiting', counts(2, 0, 0, 2), counts(1, 0, 0, 1), 2],
  ])('the import that was %s ends with exact counts', (name, uploaded, imported, errors) => {
    const { attributes, meta } = named(name)
    expect(attributes.status).toBe('success')
    expect(meta.records).toEqual({ uploaded, imported })
    expect(meta.errors).toBe(errors)
  })

  test('every error is reported once, earlier ones unchanged', async () => {
    const reported = async (name: string) =>
      (await api.errors(named(name).id)).map(({ line, error }) => [line, error])
    expect(await reported('finished')).toEqual([
      [3, 'external_ref "p-1" is already used by line 2'],
      [6, "the line is not valid JSON: Unexpected token 'g'"],
    ])
    expect(await reported('interrupted')).toEqual([[3, 'name must be at least 3 characters']])
    expect(await reported('waiting')).toEqual([
      [1, expect.stringMatching(/^external_ref "p-2" is already used by product [-0-9a-f]{36}$/)],
      [4, 'product "nothing" was not found'],
    ])
  })

  test('every record exists once, and the lists count them', async () => {
    const listed = async (list: string): Promise<string[]> => {
      const { data, meta } = (await api.get(`/subscriptions/${list}`)).body
      expect(meta.results.total).toBe(data.length)
      return data
        .map(({ attributes }: { attributes: { external_ref: string } }) => attributes.external_ref)
        .sort()
    }
    expect(await listed('products')).toEqual(['p-1', 'p-2', 'p-3'])
    expect(await listed('plans')).toEqual(['plan-1'])
    expect(await listed('subscribers')).toEqual(['s-1'])
    expect(await listed('offerings')).toEqual(['o-1', 'o-2', 'o-3', 'o-held'])
    expect(await listed('imports')).toEqual(['finished', 'interrupted', 'waiting'])
  })

  test('the rejected lines and the results of the finished import are still available', async () => {
    const { id } = named('finished')
    const { body } = await api.get(`/subscriptions/imports/${id}/rejected`)
    expect(String(body).split('\n')).toHaveLength(3)
    const results = await api.lines<{ line_number: number }>(`/subscriptions/imports/${id}/results`)
    expect(results.map(({ line_number }) => line_number)).toEqual([1, 2, 4, 5])
  })
})
