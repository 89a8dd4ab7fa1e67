import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import pg from 'pg'
import sql, { raw } from 'sql-template-tag'
import { MIGRATIONS } from '../../beside.js'
import { type Client, rows } from '../pool.js'

/**
 * The table that records migrations: in the schema of the other tables, under a name that no other tool uses.
 */
export const MIGRATIONS_TABLE = 'intake_migrations'

/** Its former name. Other tools use that name too, and it was in `public`, wherever the tables were. */
const FORMER_TABLE = 'migrations'

/** The migrations that have run in a schema, of this version and of others. */
export interface Migrations {
  /** The table that records them, quoted; undefined: there is none. */
  readonly table: string | undefined
  /** Whether that is one of its former locations. */
  readonly isFormer: boolean
  /** Those of this version that have not run yet. */
  readonly missing: readonly string[]
  /** Those that have run but are unknown to this version. */
  readonly unknown: readonly string[]
}

/** The migrations of this version, in order. */
export const ownMigrations = async (): Promise<string[]> =>
  (await readdir(MIGRATIONS)).map((file) => basename(file, '.sql')).sort()

/** Finds out what has run in a schema; changes nothing. */
export async function migrationsOf(client: Client, schema: string): Promise<Migrations> {
  const own = await ownMigrations()
  const table = await findTable(client, schema)
  const done = table === undefined ? [] : await namesIn(client, table.name)
  return {
    table: table?.name,
    isFormer: table?.isFormer ?? false,
    missing: own.filter((name) => !done.includes(name)),
    unknown: done.filter((name) => !own.includes(name)),
  }
}

/**
 * Our migrations in a table, which may have those of another tool as well. If the role may not read it, all
 * migrations of this version count as run: the missing right is a separate finding.
 */
async function namesIn(client: Client, table: string): Promise<string[]> {
  const [may] = await rows<{ read: boolean }>(
    client,
    sql`select has_table_privilege(${table}, 'select') as read`,
  )
  if (!may?.read) return await ownMigrations()
  const found = await rows<{ name: string }>(client, sql`select name from ${raw(table)} order by name`)
  return found.map(({ name }) => name).filter(isOurs)
}

/** How our files are named: `0001_initial`. */
const isOurs = (name: string): boolean => /^\d{4}_\w+$/.test(name)

async function findTable(
  client: Client,
  schema: string,
): Promise<{ readonly name: string; readonly isFormer: boolean } | undefined> {
  if (await hasTables(client, schema, [MIGRATIONS_TABLE])) {
    return { name: quoted(schema, MIGRATIONS_TABLE), isFormer: false }
  }
  if (!(await hasOurTables(client, schema))) return undefined
  for (const place of new Set([schema, 'public'])) {
    // A table in `public` belongs to the tables there, if there are any.
    if (place !== schema && (await hasOurTables(client, place))) continue
    if (await isFormerTable(client, place)) return { name: quoted(place, FORMER_TABLE), isFormer: true }
  }
  return undefined
}

const quoted = (schema: string, table: string): string =>
  `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(table)}`

/** Whether a schema contains an intake: some of its tables, whose names no other program has together. */
const hasOurTables = (client: Client, schema: string): Promise<boolean> =>
  hasTables(client, schema, ['credentials', 'imports', 'import_errors', 'offering_products'])

async function hasTables(client: Client, schema: string, names: readonly string[]): Promise<boolean> {
  const found = await rows<{ count: number }>(
    client,
    sql`
      select count(*) from pg_class
      where relnamespace = (select oid from pg_namespace where nspname = ${schema})
        and relkind in ('r', 'p') and relname = any(${names}::text[])`,
  )
  return found[0]?.count === names.length
}

/** Whether the table has the form that ours had, and records our first migration. */
async function isFormerTable(client: Client, schema: string): Promise<boolean> {
  const columns = await rows<{ name: string }>(
    client,
    sql`
      select column_name as name from information_schema.columns
      where table_schema = ${schema} and table_name = ${FORMER_TABLE} and column_name in ('id', 'name', 'run_on')`,
  )
  return (
    columns.length === 3 && (await namesIn(client, quoted(schema, FORMER_TABLE))).includes('0001_initial')
  )
}

/** Moves the table's rows from a former location. What another tool has written into it stays there. */
export async function moveTable(
  client: Client,
  schema: string,
  { table, isFormer }: Migrations,
): Promise<void> {
  if (table === undefined || !isFormer) return
  const moved = quoted(schema, MIGRATIONS_TABLE)
  await client.query(`
    begin;
    create table ${moved} (id serial primary key, name varchar(255) not null, run_on timestamp not null);
    insert into ${moved} (name, run_on) select name, run_on from ${table} where name ~ '^\\d{4}_\\w+$' order by id;
    delete from ${table} where name ~ '^\\d{4}_\\w+$'`)
  const { rowCount } = await client.query(`select from ${table} limit 1`)
  if (rowCount === 0) await client.query(`drop table ${table}`)
  await client.query('commit')
}

/** The tables and indexes that migrations create. */
export async function relationsOf(migrations: readonly string[]): Promise<string[]> {
  const texts = await Promise.all(migrations.map((name) => readFile(join(MIGRATIONS, `${name}.sql`), 'utf8')))
  const created = texts.flatMap((text) => [...text.matchAll(CREATED)].map(([, name = '']) => name))
  return [...new Set(created)]
}

const CREATED =
  /^\s*create (?:unique |unlogged )?(?:table|index) (?:concurrently )?(?:if not exists )?(\w+)/gim
