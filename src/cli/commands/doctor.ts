import { realpath } from 'node:fs/promises'
import type { Command } from 'commander'
import { readIdentity } from '../../data-dir/identity.js'
import { layoutOf } from '../../data-dir/layout.js'
import { userOf } from '../../data-dir/lock.js'
import type { Connection } from '../../db/connection.js'
import { factsOf } from '../../db/migrate/facts.js'
import { sharesSessions } from '../../db/migrate/pooling.js'
import { type Client, connect } from '../../db/pool.js'
import { unreachable } from '../../db/reach.js'
import { checkCluster } from '../../doctor/cluster-checks.js'
import { checkDisks, checkModes, checkStrayFiles, statOf } from '../../doctor/data-dir-checks.js'
import {
  checkClock,
  checkDurability,
  checkMigrations,
  checkPreconditions,
} from '../../doctor/database-checks.js'
import { type Finding, ok, problem } from '../../doctor/finding.js'
import { checkDatabaseOfUploads, checkImports } from '../../doctor/import-checks.js'
import { strayUploads } from '../../imports/receive/stray-uploads.js'
import { openFileStore } from '../../uploads/file.js'
import { type UploadStore, UploadsAway } from '../../uploads/store.js'
import { PROCESS_CONNECTIONS } from '../../worker/connection-budget.js'
import { administer, type CommonFlags } from '../database/administer.js'
import { type Database, findDatabase, type Places, placesOf } from '../database/find-database.js'
import { fail, isExpected } from '../terminal/fail.js'
import { type Column, listed } from '../terminal/list.js'
import { exitCodeOf, firstSignal } from '../terminal/signals.js'
import { outliveOutput, toJson, widthOf } from '../terminal/terminal.js'

const HELP = `
It changes nothing, and can be run beside the service or without one. The exit
code is 1 if there is a problem, and 0 if there are only warnings.`

const columns: readonly Column<Finding>[] = [
  { title: 'check', value: ({ check }) => check },
  { title: 'status', value: ({ status }) => status },
  { title: 'found', wraps: true, value: ({ found }) => found },
  { title: 'what to do', wraps: true, value: ({ remedy }) => remedy ?? '' },
]

/** `intake doctor`: what is wrong with a service, and what to do. */
export const doctorCommand = (): Command =>
  administer('doctor', 'check the data directory, the database and the imports, and say what to do')
    .addHelpText('after', HELP)
    .action(async (flags: CommonFlags) => {
      outliveOutput()
      const signal = firstSignal()
      try {
        const findings = await examine(placesOf(flags), signal)
        const { json, text } = listed(findings, columns, '')
        const output = flags.json ? toJson(json) : text(widthOf(process.stdout))
        process.stdout.write(`${output}\n`)
        process.exitCode = findings.some(({ status }) => status === 'problem') ? 1 : 0
      } catch (error) {
        if (signal.aborted) process.exit(exitCodeOf(signal.reason))
        fail(error)
      }
    })

async function examine(places: Places, signal: AbortSignal): Promise<Finding[]> {
  if (!(await statOf(places.dataDir))) {
    return [
      problem(
        'data directory',
        `There is no folder ${places.dataDir}.`,
        'Give the data directory of the service with --data-dir or DATA_DIR, or start the service there for the first time.',
      ),
    ]
  }
  const dataDir = await realpath(places.dataDir)
  // Before the database, whose start may take the lock of the data directory.
  const user = await userOf(dataDir)
  const ofDataDir = [
    ok(
      'data directory',
      user
        ? `A service runs on ${dataDir}${user.url === undefined ? ', and is not ready yet' : ` (${user.url})`}.`
        : `No service runs on ${dataDir}.`,
    ),
    await checkModes(dataDir),
    ...(await checkDisks(dataDir)),
  ]
  return [...ofDataDir, ...(await onDatabase(places, dataDir, user !== undefined, signal))]
}

async function onDatabase(
  places: Places,
  dataDir: string,
  isRunning: boolean,
  signal: AbortSignal,
): Promise<Finding[]> {
  let database: Database | undefined
  let client: Awaited<ReturnType<typeof connect>> | undefined
  try {
    database = await findDatabase(places, false, signal)
    client = await connect(database.connection)
    return await examineDatabase(client, database.connection, dataDir, isRunning)
  } catch (error) {
    if (client || signal.aborted || !(error instanceof Error)) throw error
    const found = database ? unreachable(error, database.connection).message : error.message
    if (!database && !isExpected(error)) throw error
    return [
      problem('database', found, 'See "The database is away" in docs/operations/troubleshooting.md.'),
      await checkStrayFiles(dataDir, isRunning, () => []),
    ]
  } finally {
    await client?.end()
    await database?.release()
  }
}

async function examineDatabase(
  client: Client,
  connection: Connection,
  dataDir: string,
  isRunning: boolean,
): Promise<Finding[]> {
  const facts = await factsOf(client, await sharesSessions(client, connection))
  const preconditions = checkPreconditions(facts, PROCESS_CONNECTIONS, isRunning)
  const ofDatabase = [...preconditions, await checkDurability(client)]
  if (preconditions.some(({ status }) => status === 'problem')) return ofDatabase
  const migrations = checkMigrations(facts)
  const ofServer = [
    ...ofDatabase,
    migrations,
    await checkClock(client),
    ...(await checkCluster(client, facts.citus)),
  ]
  // Imports can be examined only in the schema of this version.
  if (migrations.status !== 'ok') return ofServer
  const id = await readIdentity(dataDir)
  const layout = layoutOf(dataDir)
  const store = id === undefined ? undefined : openFileStore(layout.uploads.folder, id)
  const ofUploads = await checkDatabaseOfUploads(client, layout)
  // Another database knows nothing of these uploads.
  if (ofUploads.status !== 'ok') return [...ofServer, ofUploads]
  return [
    ...ofServer,
    ofUploads,
    ...(await checkImports(client, store?.id, layout, isRunning)),
    await checkStrayFiles(dataDir, isRunning, (before) =>
      store === undefined ? [] : straysIfThere(client, store, before),
    ),
  ]
}

/** None if the uploads are away, which is a finding of its own. */
async function* straysIfThere(client: Client, store: UploadStore, before: Date): AsyncGenerator<string> {
  try {
    yield* strayUploads(client, store, before)
  } catch (error) {
    if (!(error instanceof UploadsAway)) throw error
  }
}
