import { migrationsOf, OLDEST_SERVER } from '../db/migrate.js'
import type { Client } from '../db/pool.js'
import { type Finding, ok, problem, some, warning } from './finding.js'

export async function checkVersion(client: Client): Promise<Finding> {
  const { rows } = await client.query<{ version: string; number: number; standby: boolean }>(`
    select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
           pg_is_in_recovery() as standby`)
  const { version = '', number = 0, standby = false } = rows[0] ?? {}
  if (number < OLDEST_SERVER) {
    return problem(
      'database',
      `It is PostgreSQL ${version}.`,
      'Intake runs on PostgreSQL 15 and newer: upgrade the server.',
    )
  }
  if (standby) {
    return problem(
      'database',
      `It is PostgreSQL ${version}, and a standby: nothing can be written.`,
      'Promote it, or set DATABASE_URL to the primary.',
    )
  }
  return ok('database', `It answers, and is PostgreSQL ${version}.`)
}

/**
 * Without these a 201 is not kept: what was committed may be gone, or torn, after a crash of the machine. The last is the
 * session's own, where `prepareSession` does not leave it off.
 */
const DURABILITY = ['fsync', 'full_page_writes', 'synchronous_commit']

export async function checkDurability(client: Client): Promise<Finding> {
  const { rows } = await client.query<{ name: string; setting: string }>(
    'select name, setting from pg_settings where name = any($1) order by name',
    [DURABILITY],
  )
  const off = rows.filter(({ setting }) => setting === 'off').map(({ name }) => name)
  if (off.length === 0) return ok('durability', `${some(rows.map(({ name }) => name))} are on.`)
  return problem(
    'durability',
    `${off.join(' and ')} ${off.length === 1 ? 'is' : 'are'} off: a crash of the database's machine loses imports that were answered with 201.`,
    'Turn on what is off, in postgresql.conf or by ALTER SYSTEM.',
  )
}

export async function checkMigrations(client: Client): Promise<Finding> {
  const { missing, unknown } = await migrationsOf(client)
  if (unknown.length > 0) {
    return problem(
      'migrations',
      `The database belongs to a newer version of intake: ${some(unknown)} is not known here.`,
      'Use that version, or restore a backup from before it.',
    )
  }
  if (missing.length > 0) {
    return warning(
      'migrations',
      `These were not run yet: ${some(missing)}.`,
      'Start the service; it runs them before it answers.',
    )
  }
  return ok('migrations', 'All were run.')
}

const NOTICEABLE_SECONDS = 1
const WRONG_SECONDS = 60

/** Ids and the times of records are by this machine's clock, the times of imports by the database's. */
export async function checkClock(client: Client): Promise<Finding> {
  const before = Date.now()
  const { rows } = await client.query<{ ms: number }>(
    'select (extract(epoch from clock_timestamp()) * 1000)::double precision as ms',
  )
  const after = Date.now()
  const difference = ((rows[0]?.ms ?? 0) - (before + after) / 2) / 1000
  const doubt = (after - before) / 2000
  const seconds = Math.max(Math.abs(difference) - doubt, 0)
  const found = `The database's clock is ${Math.abs(difference).toFixed(1)} s ${difference < 0 ? 'behind' : 'ahead of'} this machine's.`
  const remedy = 'Let both machines follow a time server (NTP): the order of lists is by these times.'
  if (seconds > WRONG_SECONDS) return problem('clock', found, remedy)
  if (seconds > NOTICEABLE_SECONDS) return warning('clock', found, remedy)
  return ok('clock', "The database's clock and this machine's agree.")
}
