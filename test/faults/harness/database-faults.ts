import pg from 'pg'
import { type Fault, type Faults, type Scene, tryToSignal } from './scene.js'

const INTAKE = "datname = current_database() and application_name = 'intake' and pid <> pg_backend_pid()"

const endConnections =
  (condition: string): Fault =>
  async ({ victim }) => {
    await victim.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where ${INTAKE} and ${condition}`,
    )
  }

async function signalPostmaster({ victim }: Scene, signal: NodeJS.Signals): Promise<void> {
  const pid = await victim.postmaster()
  // It may still be down from the previous fault.
  if (pid !== undefined) tryToSignal(pid, signal)
}

/** Faults of PostgreSQL and its sessions. */
export const databaseFaults: Faults = {
  async 'kill -9 of the postmaster'(scene) {
    await signalPostmaster(scene, 'SIGKILL')
  },

  async 'kill -9 of the service and the postmaster'(scene) {
    await signalPostmaster(scene, 'SIGKILL')
    await scene.victim.kill()
    await scene.victim.revive()
  },

  async 'restart of PostgreSQL'(scene) {
    await signalPostmaster(scene, 'SIGINT')
  },

  async 'kill -9 of one session'({ victim, random }) {
    const sessions = await victim.query<{ pid: number }>(
      `select pid from pg_stat_activity where ${INTAKE} and backend_type = 'client backend'`,
    )
    if (sessions.length > 0) tryToSignal(random.pick(sessions).pid, 'SIGKILL')
  },

  'all connections ended': endConnections('true'),

  'connections in a transaction ended': endConnections('xact_start is not null'),

  async 'hostile settings of the role or the database'(scene) {
    const { victim, random, later } = scene
    const { role, name, asSuperuser } = victim.database
    // A schema that does not exist comes before that of the tables.
    const settings = [...HOSTILE, ['search_path', `nowhere, ${asSuperuser.schema}`]] as const
    const places = [`role ${role} in database ${name}`, `database ${name}`]
    later(async () => {
      for (const place of places) await victim.query(`alter ${place} reset all`)
    })
    for (let changes = 6; changes > 0; changes -= 1) {
      const [setting, value] = random.pick(settings)
      await victim.query(
        `alter ${random.pick(places)} set ${setting} to ${setting === 'search_path' ? value : pg.escapeLiteral(value)}`,
      )
    }
    if (random.oneIn(2)) {
      await victim.kill()
      await victim.revive()
    } else await endConnections('true')(scene)
  },
}

/** Settings that somebody may have made for other programs with the same role or database. */
const HOSTILE: readonly (readonly [string, string])[] = [
  ['default_transaction_isolation', 'serializable'],
  ['default_transaction_isolation', 'repeatable read'],
  ['default_transaction_read_only', 'on'],
  ['default_transaction_deferrable', 'on'],
  ['statement_timeout', '300ms'],
  ['lock_timeout', '5ms'],
  ['idle_session_timeout', '200ms'],
  ['idle_in_transaction_session_timeout', '20ms'],
  ['transaction_timeout', '300ms'],
  ['synchronous_commit', 'off'],
  ['datestyle', 'German'],
  ['datestyle', 'SQL, DMY'],
  ['intervalstyle', 'iso_8601'],
  ['timezone', 'Pacific/Chatham'],
  ['bytea_output', 'escape'],
  ['extra_float_digits', '-15'],
  ['client_encoding', 'LATIN1'],
  ['standard_conforming_strings', 'off'],
  ['array_nulls', 'off'],
  ['transform_null_equals', 'on'],
  ['quote_all_identifiers', 'on'],
  ['default_table_access_method', 'heap'],
  ['plan_cache_mode', 'force_generic_plan'],
  ['enable_indexscan', 'off'],
  ['enable_seqscan', 'off'],
  ['work_mem', '64kB'],
  ['row_security', 'off'],
  ['check_function_bodies', 'off'],
  ['xmloption', 'document'],
]
