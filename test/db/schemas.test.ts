import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { connect } from '../../src/db/pool.js'
import { Api } from '../support/api.js'
import { aProduct, times } from '../support/builders.js'
import { intake } from '../support/cli.js'
import { createRoleWithDatabase, type RoleWithDatabase } from '../support/roles.js'
import { serve, temporaryFolder } from '../support/service.js'

let database: RoleWithDatabase
let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeEach(async () => {
  database = await createRoleWithDatabase()
  folder = await temporaryFolder()
})
afterEach(async () => {
  await database.drop()
  await folder.remove()
})

const createSchemas = (...names: readonly string[]) =>
  database.administer(...names.map((name) => `create schema "${name}" authorization ${database.name}`))

/** Where a process finds its database and its files. @param schema that the URL asks for */
function places(schema?: string) {
  const url = new URL(database.databaseUrl)
  if (schema !== undefined) url.searchParams.set('options', `-c search_path=${schema}`)
  return { DATA_DIR: join(folder.path, schema ?? 'data'), DATABASE_URL: url.href }
}

/** The tables of each schema, as the superuser sees them. */
async function tablesBySchema(): Promise<Record<string, string[]>> {
  const client = await connect({ connectionString: database.databaseUrl })
  const { rows } = await client.query(`
    select schemaname, array_agg(tablename::text order by tablename) as tables from pg_tables
    where schemaname not in ('pg_catalog', 'information_schema') group by 1`)
  await client.end()
  return Object.fromEntries(rows.map(({ schemaname, tables }) => [schemaname, tables]))
}

async function run(statement: string): Promise<void> {
  const client = await connect({ connectionString: database.databaseUrl })
  await client.query(statement).finally(() => client.end())
}

/** The output of a failing start. */
async function refusal(environment: Record<string, string>): Promise<string> {
  const { code, stderr } = await intake(['serve', '--port', '0'], environment)
  expect(code).toBe(1)
  expect(stderr).toMatch(/^intake: [^\n]+\n$/)
  return stderr
}

test('two instances in two schemas of one database do not affect each other', async () => {
  await createSchemas('one', 'Two & "more"'.replaceAll('"', ''))
  const [one, two] = [places('one'), places('"Two\\ &\\ more"')]
  two.DATA_DIR = join(folder.path, 'two')
  const servers = await Promise.all([serve(one), serve(two)])
  const [first, second] = servers.map(({ url, apiKey }) => new Api(url, apiKey))
  if (!first || !second) throw new Error('two were started')
  await Promise.all([
    first.import(times(100, (n) => aProduct({ external_ref: `p-${n}` }))),
    second.import(times(50, (n) => aProduct({ external_ref: `p-${n}` }))),
  ])
  for (const [api, total] of [
    [first, 100],
    [second, 50],
  ] as const) {
    expect((await api.get('/subscriptions/products')).body.meta.results.total).toBe(total)
  }
  expect((await second.get(`/subscriptions/imports`)).body.meta.results.total).toBe(1)
  const tables = await tablesBySchema()
  expect(Object.keys(tables).sort()).toEqual(['Two & more', 'one'])
  expect(tables.one).toEqual(tables['Two & more'])
  expect(tables.one).toContain('intake_migrations')
  const { code, stdout } = await intake(['doctor'], two)
  expect(code).toBe(0)
  expect(stdout).toMatch(/^schema +ok +The tables are in the schema "Two & more"\./m)
  expect(stdout).toMatch(/^migrations +ok /m)

  for (const server of servers) await server.stop()
  await run(`insert into one.intake_migrations (name, run_on) values ('9999_future', now())`)
  expect(await refusal(one)).toMatch(/newer version of intake.*9999_future/)
  await (await serve(two)).stop()
})

test('the schema of the role’s setting is used by every session, even if the setting changes', async () => {
  await createSchemas('app', 'other')
  await database.administer(`alter role ${database.name} set search_path to nowhere, app, other`)
  const server = await serve(places())
  await database.administer(`alter role ${database.name} set search_path to other`)
  const api = new Api(server.url, server.apiKey)
  await Promise.all(Array.from({ length: 40 }, () => api.add(aProduct())))
  await api.import(times(100, () => aProduct()))
  await server.stop()
  expect(Object.keys(await tablesBySchema())).toEqual(['app'])
})

test('an intake whose table of migrations was in public continues in its own schema; that table is left to others', async () => {
  await createSchemas('app')
  const server = await serve(places('app'))
  await new Api(server.url, server.apiKey).import(times(10, () => aProduct()))
  await server.stop()
  const before = await tablesBySchema()
  await run(`
    alter table app.intake_migrations set schema public;
    alter table public.intake_migrations rename to migrations`)
  const { stdout } = await intake(['doctor'], places('app'))
  expect(stdout).toMatch(/^migrations +ok /m)
  const upgraded = await serve(places('app'))
  const list = await new Api(upgraded.url, upgraded.apiKey).get('/subscriptions/products')
  expect(list.body.meta.results.total).toBe(10)
  await upgraded.stop()
  expect(await tablesBySchema()).toEqual(before)

  // Including what another tool has written into it.
  await run(`
    alter table app.intake_migrations rename to migrations;
    insert into app.migrations (name, run_on) values ('20200101-users', now())`)
  await (await serve(places('app'))).stop()
  const client = await connect({ connectionString: database.databaseUrl })
  expect((await client.query('select name from app.migrations')).rows).toEqual([{ name: '20200101-users' }])
  expect((await client.query('select from app.intake_migrations')).rowCount).toBeGreaterThan(5)
  await client.end()
})

test('an empty schema that comes before that of the tables is not silently used', async () => {
  await (await serve(places())).stop()
  // As with `"$user", public`.
  await createSchemas(database.name)
  const said = await refusal(places())
  expect(said).toContain(`leads to the empty schema ${database.name} first`)
  expect(said).toContain(`set search_path to public;`)
  const { code, stdout } = await intake(['doctor'], places())
  expect(code).toBe(1)
  expect(stdout).toMatch(/^schema +problem /m)
  await database.administer(
    `alter role ${database.name} in database ${database.name} set search_path to public`,
  )
  await (await serve(places())).stop()
})
