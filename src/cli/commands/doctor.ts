import { realpath } from 'node:fs/promises'
import type { Command } from 'commander'
import { readConfig } from '../../config/read-config.js'
import { defaultStoreOf } from '../../data-dir/database.js'
import { readIdentity } from '../../data-dir/identity.js'
import { type DataDirLayout, layoutOf } from '../../data-dir/layout.js'
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
import { checkBucket } from '../../doctor/s3-checks.js'
import { strayUploads } from '../../imports/receive/stray-uploads.js'
import { mayHaveUploads } from '../../uploads/folder.js'
import { type UploadStore, UploadsAway } from '../../uploads/store.js'
import { openUploadStores, type UploadStores } from '../../uploads/stores.js'
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
    .option(
      '--upload-store <url>',
      'where the service stores files (default: UPLOAD_STORE, else the data directory)',
    )
    .action(async (flags: CommonFlags & { uploadStore?: string }) => {
      outliveOutput()
      const signal = firstSignal()
      try {
        const findings = await examine({ ...placesOf(flags), uploadStore: uploadStoreOf(flags) }, signal)
        const { json, text } = listed(findings, columns, '')
        const output = flags.json ? toJson(json) : text(widthOf(process.stdout))
        process.stdout.write(`${output}\n`)
        process.exitCode = findings.some(({ status }) => status === 'problem') ? 1 : 0
      } catch (error) {
        if (signal.aborted) process.exit(exitCodeOf(signal.reason))
        fail(error)
      }
    })

/** What is examined. */
interface Examined extends Places {
  readonly uploadStore: string | undefined
}

/** What the flag and the environment say. @throws ConfigError */
function uploadStoreOf({ uploadStore }: { readonly uploadStore?: string }): string | undefined {
  const { UPLOAD_STORE } = process.env
  return readConfig(uploadStore === undefined ? {} : { uploadStore }, { UPLOAD_STORE }).uploadStore
}

async function examine(places: Examined, signal: AbortSignal): Promise<Finding[]> {
  // Before anything else that may fail, so that it can be asked before the first start.
  const ofS3 = places.uploadStore === undefined ? [] : [await checkBucket(places.uploadStore)]
  if (!(await statOf(places.dataDir))) {
    return [
      problem(
        'data directory',
        `There is no folder ${places.dataDir}.`,
        'Give the data directory of the service with --data-dir or DATA_DIR, or start the service there for the first time.',
      ),
      ...ofS3,
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
    ...ofS3,
  ]
  return [...ofDataDir, ...(await onDatabase(places, dataDir, user !== undefined, signal))]
}

async function onDatabase(
  places: Examined,
  dataDir: string,
  isRunning: boolean,
  signal: AbortSignal,
): Promise<Finding[]> {
  let database: Database | undefined
  let client: Awaited<ReturnType<typeof connect>> | undefined
  try {
    database = await findDatabase(places, false, signal)
    client = await connect(database.connection)
    return await examineDatabase(client, database.connection, { ...places, dataDir }, isRunning)
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
  { dataDir, uploadStore }: Examined,
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
  const stores = await storesOf(client, layout, id, uploadStore)
  const ofUploads = await checkDatabaseOfUploads(client, layout)
  // Another database knows nothing of these uploads.
  if (ofUploads.status !== 'ok') return [...ofServer, ofUploads]
  return [
    ...ofServer,
    ofUploads,
    ...(await checkImports(client, stores, layout, isRunning)),
    await checkStrayFiles(dataDir, isRunning, (before) =>
      stores?.folder ? straysIfThere(client, stores.folder, before) : [],
    ),
  ]
}

/** The stores that a service has with these settings; undefined: none was started here yet. */
async function storesOf(
  client: Client,
  { path, uploads }: DataDirLayout,
  id: string | undefined,
  s3: string | undefined,
): Promise<UploadStores | undefined> {
  const folder = id === undefined ? undefined : { path: uploads.folder, id }
  const isNeeded = folder && (s3 === undefined || (await mayHaveUploads(path, folder)))
  if (!isNeeded && s3 === undefined) return undefined
  const identity = async () => (await defaultStoreOf(client)) ?? ''
  return openUploadStores({ s3, folder: isNeeded ? folder : undefined }, { identity, emit: () => {} })
}

/** None if the uploads are away, which is a finding of its own. */
async function* straysIfThere(client: Client, store: UploadStore, before: Date): AsyncGenerator<string> {
  try {
    yield* strayUploads(client, store, before)
  } catch (error) {
    if (!(error instanceof UploadsAway)) throw error
  }
}
