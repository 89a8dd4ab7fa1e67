import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { connect } from '../../src/db/pool.js'
import { Api } from '../support/api.js'
import { aProduct, file, times } from '../support/builders.js'
import { intake } from '../support/cli.js'
import { createRoleWithDatabase } from '../support/roles.js'
import { administer, type ServeProcess, serve, temporaryFolder } from '../support/service.js'

/** Settings of a role or a database, each enough to break what it is named after. */
const HOSTILE: Readonly<Record<string, readonly string[]>> = {
  'a stricter isolation': ["default_transaction_isolation = 'serializable'"],
  'transactions that only read': [
    'default_transaction_read_only = on',
    'default_transaction_deferrable = on',
    "default_transaction_isolation = 'serializable'",
  ],
  'time limits': [
    "statement_timeout = '300ms'",
    "lock_timeout = '1ms'",
    "idle_session_timeout = '500ms'",
    "idle_in_transaction_session_timeout = '1ms'",
  ],
  'texts in other forms': [
    "client_encoding = 'LATIN1'",
    "datestyle = 'German, DMY'",
    "timezone = 'Asia/Kathmandu'",
    "intervalstyle = 'sql_standard'",
    "bytea_output = 'escape'",
    'extra_float_digits = -15',
    'standard_conforming_strings = off',
    'array_nulls = off',
    'transform_null_equals = on',
  ],
}

/** Every concurrent request is answered, and an import works with all its kinds of statements. */
async function expectToWork({ url, apiKey }: ServeProcess): Promise<void> {
  const api = new Api(url, apiKey)
  const answers = await Promise.all(
    Array.from({ length: 40 }, () => api.post('/subscriptions/products', aProduct())),
  )
  expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(201))
  const price = { EUR: { amount: 900 } }
  const mugs = times(500, (n) => aProduct({ name: 'Große Tasse \\ “☕”', external_ref: `mug-${n}`, price }))
  const { attributes, meta } = await api.import(mugs + file('garbage'))
  expect(attributes.status).toBe('success')
  expect(meta.records.imported.subscription_product).toBe(500)
  expect(meta.timestamps.finished_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
  // Existing records are not written by COPY.
  const again = await api.import(mugs, { onConflict: 'update' })
  expect(again.meta.records.imported.subscription_product).toBe(500)
  const [product] = (await api.get('/subscriptions/products?filter=eq(external_ref,mug-7)')).body.data
  expect(product.attributes).toMatchObject({ name: 'Große Tasse \\ “☕”', price })
}

test.each(Object.entries(HOSTILE))('%s, set for the role: nothing fails', async (_what, settings) => {
  const database = await createRoleWithDatabase()
  const folder = await temporaryFolder()
  await database.administer(...settings.map((setting) => `alter role ${database.name} set ${setting}`))
  const server = await serve({ DATA_DIR: join(folder.path, 'data'), DATABASE_URL: database.databaseUrl })
  await expectToWork(server)
  const places = { DATA_DIR: join(folder.path, 'data'), DATABASE_URL: database.databaseUrl }
  expect(await intake(['stores', 'create', 'shop'], places)).toMatchObject({ code: 0, stderr: '' })
  expect(await intake(['doctor'], places)).toMatchObject({ code: 0, stderr: '' })
  expect(server.stderr()).toBe('')
  expect(await server.stop()).toBe(0)
  await database.drop()
  await folder.remove()
})

test('a session has all of its own settings instead of those of the role', async () => {
  const database = await createRoleWithDatabase()
  const settings = Object.values(HOSTILE).flat()
  await database.administer(...settings.map((setting) => `alter role ${database.name} set ${setting}`))
  const client = await connect({ connectionString: database.databaseUrl })
  const names = settings.map((setting) => setting.replace(/ =.*/, ''))
  const { rows } = await client.query(
    'select name, setting from pg_settings where lower(name) = any($1) or name = $2 order by name',
    [names, 'search_path'],
  )
  await client.end()
  expect(Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))).toEqual({
    array_nulls: 'on',
    bytea_output: 'hex',
    client_encoding: 'UTF8',
    DateStyle: 'ISO, YMD',
    default_transaction_deferrable: 'off',
    default_transaction_isolation: 'read committed',
    default_transaction_read_only: 'off',
    extra_float_digits: '1',
    idle_in_transaction_session_timeout: '30000',
    idle_session_timeout: '0',
    IntervalStyle: 'postgres',
    lock_timeout: '0',
    search_path: 'public',
    standard_conforming_strings: 'on',
    statement_timeout: '0',
    TimeZone: 'UTC',
    transform_null_equals: 'off',
  })
  await database.drop()
})

test('settings of the database, of the URL and of the environment are those of the role', async () => {
  const database = await createRoleWithDatabase()
  const folder = await temporaryFolder()
  const settings = [...Object.values(HOSTILE).flat(), 'synchronous_commit = off']
  // Not from the database itself, whose sessions may soon be unable to.
  for (const setting of settings) await administer(`alter database ${database.name} set ${setting}`)
  const url = new URL(database.databaseUrl)
  for (const name of ['lock_timeout', 'query_timeout']) url.searchParams.set(name, '1')
  url.searchParams.set('client_encoding', 'LATIN1')
  url.searchParams.set('options', '-c statement_timeout=300 -c default_transaction_read_only=on')
  const server = await serve({
    DATA_DIR: join(folder.path, 'data'),
    DATABASE_URL: url.href,
    PGOPTIONS: '-c search_path=nowhere',
    PGREPLICATION: 'database',
  })
  await expectToWork(server)
  const { code, stdout } = await intake(['doctor'], {
    DATA_DIR: join(folder.path, 'data'),
    DATABASE_URL: url.href,
  })
  expect(code).toBe(0)
  // A commit waits for the disk, even if the database is set not to.
  expect(stdout).toMatch(/^durability +ok +fsync, full_page_writes, synchronous_commit are on/m)
  expect(server.stderr()).toBe('')
  await server.stop()
  await database.drop()
  await folder.remove()
})

test('the embedded database ignores an environment meant for another PostgreSQL', async () => {
  const folder = await temporaryFolder()
  await mkdir(join(folder.path, 'elsewhere'))
  const environment = {
    DATA_DIR: join(folder.path, 'data'),
    PGOPTIONS: '-c search_path=myapp -c default_transaction_read_only=on',
    PGDATA: join(folder.path, 'elsewhere'),
    PGHOST: '203.0.113.1',
    PGPORT: '1',
    PGUSER: 'somebody',
    PGDATABASE: 'elsewhere',
    PGSSLMODE: 'require',
    PGSSLNEGOTIATION: 'direct',
    PGREPLICATION: 'database',
    PGCLIENTENCODING: 'LATIN1',
    PGDATESTYLE: 'German',
    PGTZ: 'Asia/Kathmandu',
    PGAPPNAME: 'another',
  }
  const server = await serve(environment)
  await expectToWork(server)
  expect((await intake(['doctor'], environment)).code).toBe(0)
  await server.stop()
  expect((await intake(['doctor'], environment)).code).toBe(0)
  await folder.remove()
})
