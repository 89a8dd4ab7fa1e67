import { Command, Option } from 'commander'
import { count, number, size } from './amounts.js'
import { getErrors, type ImportAnswer, importPath } from './client.js'
import { CommandError, fail } from './fail.js'
import { findServer, type Server, type ServerFlags } from './find-server.js'
import { errorsTable, howToFetchAll, SHOWN_ERRORS } from './first-errors.js'
import { followImport } from './follow.js'
import { type Teller, tellOn } from './progress.js'
import { exitCodeOf, firstSignal } from './signals.js'
import { isWorkedOut, type Style, summaryOf, totals } from './summary.js'
import { colorsOf, ignoreReaderGone, printable, widthOf } from './terminal.js'
import { type ImportFile, openImportFile, uploadFile } from './upload.js'

interface Flags extends ServerFlags {
  readonly externalRef?: string
  readonly color: boolean
}

/** What a shell is told. */
const ALL_IMPORTED = 0
const SOME_REJECTED = 2

const HELP = `
Without --url the import goes to the server that runs on the data directory.
If none runs, this command runs one itself until the import has ended.

Progress goes to stderr: a bar on a terminal, else a line now and then.
The summary goes to stdout.

Exit codes:
  0    every line of the file was imported
  1    the import could not be made, or a fault stopped it
  2    some lines were rejected, or all of them; the others were imported
  130  interrupted by Ctrl-C; an import that was received goes on

Environment:
  API_KEY    the API key, in place of --api-key
  DATA_DIR   the data directory, in place of --data-dir
  LOG_LEVEL  what a server that this command runs logs to stderr
             (default: error)
  NO_COLOR   no colours, if it is not empty
  A server that this command runs takes the other settings of "intake serve"
  too, such as DATABASE_URL and MAX_LINE_BYTES.

Examples:
  $ intake import records.jsonl
  $ intake import records.jsonl --external-ref june-2024
  $ API_KEY=... intake import records.jsonl --url https://intake.example.com`

/** `intake import`: posts a file, waits for its end and tells what became of it. */
export function importCommand(): Command {
  return new Command('import')
    .description('import a file of JSON Lines, and report what was imported and what was not')
    .argument('<file>', 'the file, with a record on every line')
    .option('--external-ref <text>', 'your own name of this import; no two imports can have the same')
    .addOption(
      new Option('--url <url>', 'the server to import to; needs --api-key or API_KEY').conflicts('dataDir'),
    )
    .option('--api-key <key>', 'the API key (default: API_KEY, else the one that the data directory keeps)')
    .option('--data-dir <folder>', 'the data directory to import into (default: DATA_DIR, else ./data)')
    .option('--no-color', 'no colours')
    .addHelpText('after', HELP)
    .showHelpAfterError('Run "intake import --help" for help.')
    .action(async (path: string, flags: Flags) => {
      process.exitCode = await run(path, flags).catch(fail)
    })
}

/** Returns the exit code. @throws CommandError, and what `findServer` throws */
async function run(path: string, flags: Flags): Promise<number> {
  for (const output of [process.stdout, process.stderr]) ignoreReaderGone(output)
  const signal = firstSignal()
  const teller = tellOn(process.stderr, colorsOf(process.stderr, flags.color))
  const file = await openImportFile(path)
  const terms: Terms = { file, flags, teller, signal }
  let server: Server | undefined
  let received: ImportAnswer | undefined
  try {
    server = await findServer(flags, teller.say, signal)
    received = await upload(server, terms)
    const ended = await follow(server, received, terms)
    return await report(server, ended, terms)
  } catch (error) {
    teller.stop()
    if (!signal.aborted) throw error
    teller.say(afterInterruption(server, received))
    return exitCodeOf(signal.reason)
  } finally {
    await server?.stop()
    await file.handle.close()
  }
}

/** What every step is given. */
interface Terms {
  readonly file: ImportFile
  readonly flags: Flags
  readonly teller: Teller
  readonly signal: AbortSignal
}

async function upload(server: Server, { file, flags, teller, signal }: Terms): Promise<ImportAnswer> {
  const all = size(file.bytes)
  const progress = teller.start('uploading', file.bytes)
  const onSent = (bytes: number) => progress.update(bytes, `${size(bytes)} of ${all}`)
  const received = await uploadFile(server.address, file, flags.externalRef, onSent, signal)
  progress.finish(`uploaded ${all}`)
  return received
}

async function follow(
  server: Server,
  received: ImportAnswer,
  { teller, signal }: Terms,
): Promise<ImportAnswer> {
  const progress = teller.start('importing', totals(received).uploaded)
  const onState = (state: ImportAnswer) => progress.update(totals(state).imported, howFar(state))
  const ended = await followImport(server, received.id, onState, teller.say, signal)
  progress.finish(`imported ${howFar(ended)}`)
  return ended
}

function howFar(state: ImportAnswer): string {
  if (state.attributes.status === 'pending') return 'waiting for its turn'
  const { uploaded, imported } = totals(state)
  const { errors } = state.meta
  return `${number(imported)} of ${count(uploaded, 'record')}${errors === 0 ? '' : `, ${count(errors, 'error')}`}`
}

/** Tells how it ended, and returns the exit code. */
async function report(server: Server, ended: ImportAnswer, { file, flags, signal }: Terms): Promise<number> {
  const { id, meta } = ended
  const style: Style = { colors: colorsOf(process.stdout, flags.color), width: widthOf(process.stdout) }
  process.stdout.write(`\n${summaryOf(ended, file.name, style)}`)
  if (meta.errors > 0) {
    const errors = await getErrors(server.address, id, SHOWN_ERRORS, signal)
    process.stdout.write(`\n${errorsTable(errors, meta.errors, style)}`)
  }
  if (meta.errors > SHOWN_ERRORS) process.stdout.write(`\n${howToFetchAll(server, ended, style)}`)
  if (!isWorkedOut(ended)) {
    throw new CommandError(`Import ${id} failed. ${printable(meta.failure?.detail ?? '')}`)
  }
  return meta.errors === 0 ? ALL_IMPORTED : SOME_REJECTED
}

function afterInterruption(server: Server | undefined, received: ImportAnswer | undefined): string {
  if (!server) return 'Interrupted. Nothing was sent.'
  if (!received) return 'Interrupted during the upload. What was not uploaded whole is not imported.'
  return server.isOwn
    ? `Interrupted. Import ${received.id} goes on when intake is started again on this data directory.`
    : `Interrupted. Import ${received.id} goes on on the server: ${server.lastingUrl}${importPath(received.id)}`
}
