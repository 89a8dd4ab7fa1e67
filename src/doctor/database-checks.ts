import type { Facts } from '../db/migrate/facts.js'
import { connectionLimits, obstaclesOf, type Subject } from '../db/migrate/preconditions.js'
import type { Client } from '../db/pool.js'
import { type Finding, ok, problem, some, warning } from './finding.js'

/**
 * Checks what a start checks, with one finding per subject.
 *
 * @param connections that a process opens at once.
 * @param isRunning whether a process has them already.
 */
export function checkPreconditions(facts: Facts, connections: number, isRunning: boolean): Finding[] {
  const obstacles = obstaclesOf(facts, connections)
  const { version, encoding, schema, migrations } = facts
  const fine: Readonly<Record<Subject, () => Finding>> = {
    database: () => ok('database', `It answers and is PostgreSQL ${version}.`),
    encoding: () => ok('encoding', `It is ${encoding}.`),
    schema: () =>
      ok(
        'schema',
        migrations.table === undefined
          ? `The tables will be in the schema "${schema}".`
          : `The tables are in the schema "${schema}".`,
      ),
    connections: () => freeConnections(facts, connections, isRunning),
  }
  return (Object.keys(fine) as Subject[]).flatMap((subject) => {
    const obstacle = obstacles.find((one) => one.subject === subject)
    if (obstacle) return [problem(subject, obstacle.found, obstacle.remedy)]
    // Nothing else is known of a server that is too old, and nothing of a schema that is not there.
    return obstacles.some((one) => one.subject === 'database') ? [] : [fine[subject]()]
  })
}

/** Whether there is room for a process beside all current connections, not counting this one. */
function freeConnections(facts: Facts, connections: number, isRunning: boolean): Finding {
  const limits = connectionLimits(facts).map((limit) => ({ ...limit, free: limit.allows - limit.has + 1 }))
  const allowed = limits
    .map(({ what, allows, has }) => `${what} allows ${allows} (now ${has - 1})`)
    .join(', ')
  const found = `A process needs up to ${connections}; ${allowed}.`
  const tight = limits.find(({ free }) => free < connections)
  if (isRunning || !tight) return ok('connections', found)
  return warning(
    'connections',
    found,
    `Close other connections, or allow more: ${tight.remedy(tight.has - 1 + connections)}`,
  )
}

/**
 * Without these, the promise of a 201 is broken: what was committed may be lost or damaged after a crash of
 * the machine. The last one is the session's own, which `prepareSession` never leaves off.
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

export function checkMigrations({ migrations: { missing, unknown } }: Facts): Finding {
  if (unknown.length > 0) {
    return problem(
      'migrations',
      `The database belongs to a newer version of intake: ${some(unknown)} is unknown to this one.`,
      'Use that version, or restore a backup from before it.',
    )
  }
  if (missing.length > 0) {
    return warning(
      'migrations',
      `These have not been run yet: ${some(missing)}.`,
      'Start the service; it runs them before it answers.',
    )
  }
  return ok('migrations', 'All were run.')
}

const NOTICEABLE_SECONDS = 1

/** Stored times come from the database's clock, those in the log from this machine's. */
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
  const remedy =
    "Synchronize both machines with a time server (NTP): stored and reported times come from the database's clock, those in the log from this machine's."
  if (seconds > NOTICEABLE_SECONDS) return warning('clock', found, remedy)
  return ok('clock', "The database's clock and this machine's agree.")
}
