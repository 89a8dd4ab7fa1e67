import { Command, Option } from 'commander'
import { changedRecords, outcomeOf } from '../../imports/resource/outcome.js'
import type { ImportResource } from '../../imports/resource/schema.js'
import { ON_CONFLICT, type OnConflict } from '../../imports/terms.js'
import { counted, size } from '../../text/numbers.js'
import { type ErrorAnswer, errorsPath, getErrorKinds, getPage, importPath } from '../client/client.js'
import { findServer, type Server } from '../client/find-server.js'
import { type ImportFile, openImportFile } from '../client/import-file.js'
import { MayBeReceived } from '../client/may-be-received.js'
import { type ServerCommandFlags, styleOf, wholeNumber, withServerFlags } from '../client/server-command.js'
import type { UploadOptions } from '../client/upload.js'
import { watchImport } from '../client/watch.js'
import { errorsSection, MOST_ERRORS } from '../terminal/error-tables.js'
import { CommandError, fail } from '../terminal/fail.js'
import { commandLine, PROGRAM } from '../terminal/program.js'
import { type Reporter, reporterOn } from '../terminal/progress.js'
import { exitCodeOf, firstSignal } from '../terminal/signals.js'
import { summaryOf } from '../terminal/summary.js'
import { colorsOf, outliveOutput, printable, toJson, wrap } from '../terminal/terminal.js'
import { agreeToCreate, agreeToRepeat, sayRepeated } from './import-questions.js'
import { idOf, LATEST } from './imports/command.js'

interface Flags extends ServerCommandFlags {
  readonly externalRef?: string
  readonly dryRun?: true
  readonly onConflict: OnConflict
  readonly maxErrors?: number
  readonly fixes?: string
  readonly yes?: true
  readonly watch: boolean
}

/** Exit codes. */
const ALL_IMPORTED = 0
const SOME_REJECTED = 2

const HELP = `
The file may be compressed with gzip. "-" reads the standard input until its
end: a pause does not end the upload.

Without --url the import goes to the server that runs on the data directory.
If none runs, this command runs one itself until the import has ended. Before it
creates a data directory, and before it imports the same file again, it asks
(--yes: it does not). Where nobody can be asked, it creates none.

Progress goes to stderr: a bar on a terminal, else a line now and then.
The summary goes to stdout.

A rehearsal (--dry-run) does all that the import would do, including references
and conflicts with existing records, and adds nothing. Its exit code is that
of the import. "${PROGRAM} validate" checks a file without any server.

What happens to a record whose external_ref already exists (--on-conflict):
  reject  it is an error of its line
  skip    it is left out, which is not an error
  update  its attributes replace those of the existing record
  patch   the attributes that the line gives replace those of the existing
          record, null clears one, and the others stay
A record without an external_ref cannot be recognized: whenever its file is sent
again, it is added again.

Exit codes:
  0    every line of the file was imported, or skipped as requested; with
       --no-watch, the file was received
  1    the import could not be created, or it failed or was canceled
  2    some lines were rejected, or all of them; the others were imported
  130  interrupted by Ctrl-C; an import that was received keeps running

Environment:
  API_KEY    the API key, instead of --api-key
  DATA_DIR   the data directory, instead of --data-dir
  LOG_LEVEL  what a server that this command runs logs to stderr
             (default: error)
  NO_COLOR   no colours, if it is not empty
  A server that this command runs takes the other settings of "${PROGRAM} serve"
  too, such as DATABASE_URL and MAX_LINE_BYTES.

Examples:
  $ ${PROGRAM} import records.jsonl --dry-run
  $ ${PROGRAM} import records.jsonl --external-ref june-2024
  $ gzip -c records.jsonl | ${PROGRAM} import - --on-conflict skip
  $ API_KEY=... ${PROGRAM} import records.jsonl --url https://intake.example.com`

/** `intake import`: posts a file, waits until the import has ended, and reports on it. */
export function importCommand(): Command {
  const command = new Command('import')
    .description('import a file of JSON Lines, and report what was imported and what was not')
    .argument('<file>', 'the file, with a record on every line; "-" is the standard input')
    .option('--dry-run', 'rehearse: check everything, and add nothing')
    .addOption(
      new Option('--on-conflict <what>', 'what happens to a record whose external_ref already exists')
        .choices(ON_CONFLICT)
        .default('reject'),
    )
    .option('--external-ref <text>', 'your own name for this import; no two imports can have the same')
    .option('--max-errors <number>', 'stop once more lines than this are rejected', wholeNumber)
    .option('--fixes <id>', `the import whose rejected lines these are, corrected; its id, or ${LATEST}`)
    .option('-y, --yes', 'do not ask: create a missing data directory, import a file again')
    .option('--watch', 'follow the import to its end, and report (this is the default)', true)
    .option('--no-watch', 'exit as soon as the file has been received')
  return withServerFlags(command)
    .addHelpText('after', HELP)
    .showHelpAfterError(`Run "${PROGRAM} import --help" for help.`)
    .action(async (path: string, flags: Flags) => {
      process.exitCode = await run(path, flags).catch(fail)
    })
}

/** Returns the exit code. @throws CommandError, and what `findServer` throws */
async function run(path: string, flags: Flags): Promise<number> {
  outliveOutput()
  const signal = firstSignal()
  const reporter = reporterOn(process.stderr, colorsOf(process.stderr, flags.color))
  const file = await openImportFile(path)
  const terms: Terms = { file, flags, reporter, signal }
  let server: Server | undefined
  let received: ImportResource | undefined
  try {
    const agree = async (folder: string) => {
      if (!flags.yes) await agreeToCreate(folder, signal)
    }
    server = await findServer(flags, agree, reporter.say, signal)
    const mayAsk = !flags.yes && !flags.dryRun
    const hasAsked = mayAsk && (await agreeToRepeat(server, file, reporter, signal))
    received = await upload(server, terms)
    if (!hasAsked) sayRepeated(file, received, reporter)
    if (!flags.watch) return leave(server, received, terms)
    const ended = await watchImport(server, received, reporter, signal)
    return await report(server, ended, terms)
  } catch (error) {
    reporter.stop()
    if (!signal.aborted) throw error
    if (server && received) sayHowToGoOn(reporter, server, received.id, flags)
    else reporter.say(beforeReceipt(server, error))
    return exitCodeOf(signal.reason)
  } finally {
    await server?.stop()
    await file.close()
  }
}

/** What every step needs. */
interface Terms {
  readonly file: ImportFile
  readonly flags: Flags
  readonly reporter: Reporter
  readonly signal: AbortSignal
}

async function upload(server: Server, { file, flags, reporter, signal }: Terms): Promise<ImportResource> {
  const options = await optionsOf(server, flags, signal)
  const all = file.bytes === undefined ? undefined : size(file.bytes)
  const progress = reporter.start('uploading', file.bytes)
  let sent = 0
  const onSent = (bytes: number) => {
    sent = bytes
    progress.update(bytes, all === undefined ? size(bytes) : `${size(bytes)} of ${all}`)
  }
  // Loaded here, with all that reads lines: `intake imports` shares this file and uploads nothing.
  const { uploadFile } = await import('../client/upload.js')
  const received = await uploadFile(server.address, file, options, onSent, signal)
  progress.finish(`uploaded ${all ?? size(sent)}`)
  return received
}

async function optionsOf(server: Server, flags: Flags, signal: AbortSignal): Promise<UploadOptions> {
  const { externalRef, dryRun = false, onConflict, maxErrors } = flags
  const fixes = flags.fixes === undefined ? undefined : await idOf(server.address, flags.fixes, signal)
  return { externalRef, dryRun, onConflict, maxErrors, fixes }
}

/** Reports an import that continues without this command. */
function leave(server: Server, received: ImportResource, { flags }: Terms): number {
  if (flags.json) process.stdout.write(`${toJson(received)}\n`)
  else {
    const { width } = styleOf(flags)
    const where = server.isOwn ? 'It runs while `intake serve` runs.' : 'It is running now.'
    const sentence = `Import ${received.id} was received. ${where} This follows it to its end:`
    const command = commandLine(flags, 'imports', 'watch', received.id)
    process.stdout.write(`${wrap(sentence, width)}\n\n  ${command}\n`)
  }
  return ALL_IMPORTED
}

async function report(server: Server, ended: ImportResource, terms: Terms): Promise<number> {
  const { file, flags, signal } = terms
  const code = await reportEnd(server, ended, file.name, flags, signal)
  if (ended.meta.dry_run && !flags.json && code !== FAILED) {
    const { width } = styleOf(flags)
    const sentence = 'This was a rehearsal: nothing was added. This runs the import for real:'
    process.stdout.write(
      `\n${wrap(sentence, width)}\n\n  ${commandLine(flags, 'imports', 'run', ended.id)}\n`,
    )
  }
  if (code !== FAILED) return code
  throw new CommandError(`Import ${ended.id} failed. ${printable(ended.meta.failure?.detail ?? '')}`)
}

const FAILED = 1

/** Reports how an import ended, its errors, and what to do about them. Returns the exit code. */
export async function reportEnd(
  server: Server,
  ended: ImportResource,
  name: string,
  flags: ServerCommandFlags,
  signal: AbortSignal,
): Promise<number> {
  const { id, meta } = ended
  const outcome = outcomeOf(ended)
  if (flags.json) process.stdout.write(`${toJson(ended)}\n`)
  else {
    const style = styleOf(flags)
    process.stdout.write(`\n${summaryOf(outcome, name, style)}`)
    if (meta.errors > 0) {
      const isLong = meta.errors > MOST_ERRORS
      const kinds = isLong ? await getErrorKinds(server.address, id, signal) : []
      const errors = isLong
        ? []
        : (await getPage<ErrorAnswer>(server.address, errorsPath(id), { limit: MOST_ERRORS }, signal)).data
      const commands = [
        ...(isLong ? [commandLine(flags, 'imports', 'errors', id)] : []),
        commandLine(flags, 'imports', 'rejected', id, '--output', 'rejected.jsonl'),
      ]
      const what = isLong ? 'Every error by line, and the' : 'The'
      process.stdout.write(
        `\n${errorsSection(meta.errors, errors, kinds, style)}\n` +
          `${wrap(`${what} rejected lines as a file to fix and import:`, style.width)}\n\n` +
          commands.map((command) => `  ${command}\n`).join(''),
      )
    }
    if (meta.warnings > 0) {
      const those = `${counted(meta.warnings, 'line')} ${meta.warnings === 1 ? 'has' : 'have'} a warning. This shows what may surprise:`
      process.stdout.write(
        `\n${wrap(those, style.width)}\n\n  ${commandLine(flags, 'imports', 'warnings', id)}\n`,
      )
    }
    if (changedRecords(ended) > 0) {
      const what = meta.dry_run ? 'would change' : 'changed'
      const sentence = `This shows what each line ${what}, attribute by attribute:`
      process.stdout.write(
        `\n${wrap(sentence, style.width)}\n\n  ${commandLine(flags, 'imports', 'changes', id)}\n`,
      )
    }
  }
  if (!outcome.isComplete) return FAILED
  return meta.errors === 0 ? ALL_IMPORTED : SOME_REJECTED
}

/** What is said of an interruption before the import was received. */
function beforeReceipt(server: Server | undefined, error: unknown): string {
  if (!server) return 'Interrupted. Nothing was sent.'
  if (error instanceof MayBeReceived) return `Interrupted before the server responded. ${error.message}`
  return 'Interrupted during the upload. Nothing was imported.'
}

/** Says after an interruption that an import continues without this command, and which commands follow on. */
export function sayHowToGoOn(
  reporter: Reporter,
  server: Server,
  id: string,
  flags: ServerCommandFlags,
): void {
  const where = server.isOwn
    ? 'continues when intake is started again on this data directory.'
    : `continues on the server: ${server.lastingUrl}${importPath(id)}`
  reporter.say(`Interrupted. Import ${id} ${where}`)
  reporter.say('These follow it to its end, and cancel it:')
  process.stderr.write(
    `\n  ${commandLine(flags, 'imports', 'watch', id)}\n  ${commandLine(flags, 'imports', 'cancel', id)}\n`,
  )
}
