import sql from 'sql-template-tag'
import { type Citus, citusOf } from '../distribute/citus.js'
import { type Client, rows } from '../pool.js'
import { MIGRATIONS_TABLE, type Migrations, migrationsOf, ownMigrations, relationsOf } from './migrations.js'

/** As `server_version_num` has it. */
export const OLDEST_SERVER = 150_000

/** The facts that the preconditions check. */
export interface Facts extends ServerFacts {
  /** Schemas later in the session's search_path that contain an intake with the same owner. */
  readonly intakeElsewhere: readonly string[]
  /** Objects that are not ours but have a name that a migration needs. */
  readonly inTheWay: readonly string[]
  /** Our tables that the role may not read and write. */
  readonly forbidden: readonly string[]
  readonly migrations: Migrations
  /** Undefined: Citus was not created in the database. */
  readonly citus: Citus | undefined
  /** Whether a pooler gives one session to several clients in turn. */
  readonly sharesSessions: boolean
}

interface ServerFacts {
  readonly version: string
  readonly version_number: number
  readonly is_standby: boolean
  readonly encoding: string
  readonly database: string
  readonly role: string
  /** As set for the role, the database or in the URL. */
  readonly search_path: string
  /** Null: there is none. */
  readonly schema: string | null
  /** Whether the role may create tables in the schema. */
  readonly may_create: boolean | null
  readonly may_create_temporary: boolean
  /** How many connections are allowed; -1: any number. */
  readonly role_limit: number
  readonly database_limit: number
  readonly server_limit: number
  /** How many there are, including this one. */
  readonly role_connections: number
  readonly database_connections: number
  readonly server_connections: number
}

/**
 * Examines the server, the role and the schema; changes nothing.
 *
 * @param client whose session was prepared
 * @param sharesSessions what `sharesSessions` returned
 */
export async function factsOf(client: Client, sharesSessions: boolean): Promise<Facts> {
  const server = await serverFacts(client)
  const { schema } = server
  const citus = await citusOf(client, schema)
  if (schema === null || server.version_number < OLDEST_SERVER) {
    const missing = await ownMigrations()
    const migrations = { table: undefined, isFormer: false, missing, unknown: [] }
    return { ...server, intakeElsewhere: [], inTheWay: [], forbidden: [], migrations, citus, sharesSessions }
  }
  const migrations = await migrationsOf(client, schema)
  const run = (await ownMigrations()).filter((name) => !migrations.missing.includes(name))
  const own = await relationsOf(run)
  const needed = (await relationsOf(migrations.missing)).filter((name) => !own.includes(name))
  return {
    ...server,
    migrations,
    citus,
    sharesSessions,
    intakeElsewhere: migrations.table === undefined ? await intakeElsewhere(client, schema) : [],
    inTheWay: await relationsNamed(client, schema, needed),
    forbidden: await forbiddenTables(client, schema, [MIGRATIONS_TABLE, ...own]),
  }
}

/**
 * Superusers are exempt from the limits of roles and databases, and have the connections that are reserved
 * for them.
 */
async function serverFacts(client: Client): Promise<ServerFacts> {
  const [facts] = await rows<ServerFacts>(
    client,
    sql`
      select
        current_setting('server_version') as version,
        current_setting('server_version_num')::int as version_number,
        pg_is_in_recovery() as is_standby,
        current_setting('server_encoding') as encoding,
        current_database() as database,
        current_user as role,
        (select reset_val from pg_settings where name = 'search_path') as search_path,
        current_schema() as schema,
        has_schema_privilege(current_schema(), 'create') as may_create,
        has_database_privilege(current_database(), 'temporary') as may_create_temporary,
        case when r.rolsuper then -1 else r.rolconnlimit end as role_limit,
        case when r.rolsuper then -1 else d.datconnlimit end as database_limit,
        current_setting('max_connections')::int
          - case when r.rolsuper then 0 else
              current_setting('superuser_reserved_connections')::int
              + coalesce(current_setting('reserved_connections', true)::int, 0)
            end as server_limit,
        a.of_role as role_connections, a.of_database as database_connections, a.of_server as server_connections
      from pg_roles r
      join pg_database d on d.datname = current_database()
      cross join (
        select count(*) filter (where usename = session_user) as of_role,
               count(*) filter (where datname = current_database()) as of_database,
               count(*) as of_server
        from pg_stat_activity where datid is not null and usesysid is not null
      ) a
      where r.rolname = session_user`,
  )
  if (!facts) throw new Error('the session has no role')
  return facts
}

/** Uses the session's original search_path, which the prepared session no longer has. */
async function intakeElsewhere(client: Client, schema: string): Promise<string[]> {
  await client.query('begin; set local search_path to default')
  const [path] = await rows<{ schemas: string[] }>(
    client,
    sql`select current_schemas(false)::text[] as schemas`,
  )
  await client.query('commit')
  const others = (path?.schemas ?? []).filter((name) => name !== schema)
  const found: string[] = []
  for (const other of others) {
    const { table } = await migrationsOf(client, other)
    if (table !== undefined && (await isOwnTable(client, other))) found.push(other)
  }
  return found
}

async function isOwnTable(client: Client, schema: string): Promise<boolean> {
  const found = await rows(
    client,
    sql`select from pg_tables where schemaname = ${schema} and tablename = 'imports' and tableowner = current_user`,
  )
  return found.length > 0
}

async function relationsNamed(client: Client, schema: string, names: readonly string[]): Promise<string[]> {
  const found = await rows<{ name: string }>(
    client,
    sql`
      select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = ${schema} and c.relname = any(${names}::text[]) order by c.relname`,
  )
  return found.map(({ name }) => name)
}

async function forbiddenTables(client: Client, schema: string, names: readonly string[]): Promise<string[]> {
  const found = await rows<{ name: string }>(
    client,
    sql`
      select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = ${schema} and c.relname = any(${names}::text[]) and c.relkind in ('r', 'p')
        and not (has_table_privilege(c.oid, 'select') and has_table_privilege(c.oid, 'insert')
          and has_table_privilege(c.oid, 'update') and has_table_privilege(c.oid, 'delete'))
      order by c.relname`,
  )
  return found.map(({ name }) => name)
}
