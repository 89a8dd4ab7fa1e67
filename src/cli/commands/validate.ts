import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { Command, Option } from 'commander'
import { readConfig } from '../../config/read-config.js'
import {
  type Checked,
  checkFile,
  type Progress,
  type UnresolvedReference,
} from '../../imports/check/check.js'
import type { LineProblem } from '../../imports/file/examine.js'
import { passes } from '../../imports/file/passes.js'
import { type Outcome, validated } from '../../imports/resource/outcome.js'
import { ON_CONFLICT, type OnConflict } from '../../imports/terms.js'
import { number, size } from '../../text/numbers.js'
import { excerpt } from '../../text/text.js'
import type { ErrorAnswer, ErrorKindAnswer } from '../client/client.js'
import { type ImportFile, openImportFile } from '../client/import-file.js'
import { makeReadable, type ReadableFile } from '../client/readable-file.js'
import { styleOf } from '../client/server-command.js'
import { errorsSection, MOST_ERRORS, referencesTable } from '../terminal/error-tables.js'
import { CommandError, fail } from '../terminal/fail.js'
import { PROGRAM } from '../terminal/program.js'
import { reporterOn } from '../terminal/progress.js'
import { NEW_FILE, whyNotWritten } from '../terminal/save.js'
import { exitCodeOf, firstSignal } from '../terminal/signals.js'
import { type Style, summaryOf } from '../terminal/summary.js'
import { colorsOf, outliveOutput, toJson, wrap } from '../terminal/terminal.js'
import { warningAsJson, warningsSection } from '../terminal/warnings-section.js'

interface Flags {
  readonly strict: boolean
  readonly onConflict: OnConflict
  readonly errors?: string
  readonly json?: true
  readonly color: boolean
}

const VALID = 0
const INVALID = 1

const HELP = `
It needs no server and no database: every line is read and validated as in an
import, and references are followed within the file. The file may be compressed
with gzip. "-" reads the standard input, which is kept in a temporary file
meanwhile, as is a compressed file.

It does not know what the store has. So a reference that does not lead to a
valid record of the file is reported without being an error; with --strict it is
an error, as in an import into an empty store. "${PROGRAM} import --dry-run"
checks against the store. With --on-conflict patch, a line with an external_ref
may leave out whatever its record may have.

Exit codes:
  0    every line is fine; there may be references to records that are not in
       the file
  1    something is wrong with a line or with the file, or it cannot be read
  130  interrupted by Ctrl-C

Environment:
  MAX_LINE_BYTES  the longest line that is allowed (default: 1MiB)
  NO_COLOR        no colours, if it is not empty
  TMPDIR          where temporary files are created

Examples:
  $ ${PROGRAM} validate records.jsonl
  $ ${PROGRAM} validate records.jsonl --strict --errors errors.jsonl
  $ zcat records.jsonl.gz | ${PROGRAM} validate - --json`

/** `intake validate`: what an import would say about a file, as far as the file itself shows it. */
export const validateCommand = (): Command =>
  new Command('validate')
    .description('check a file of JSON Lines, without a server or a database')
    .argument('<file>', 'the file, with a record on every line; "-" is the standard input')
    .option('--strict', 'references to records that are not in the file are errors', false)
    .addOption(
      new Option('--on-conflict <what>', 'what the import will do with an external_ref that already exists')
        .choices(ON_CONFLICT)
        .default('reject'),
    )
    .option('--errors <file>', 'write every error to this new file, as JSON Lines')
    .option('--json', 'print JSON')
    .option('--no-color', 'no colours')
    .addHelpText('after', HELP)
    .showHelpAfterError(`Run "${PROGRAM} validate --help" for help.`)
    .action(async (path: string, flags: Flags) => {
      process.exitCode = await run(path, flags).catch(fail)
    })

async function run(path: string, flags: Flags): Promise<number> {
  outliveOutput()
  const signal = firstSignal()
  const { maxLineBytes } = readConfig({}, { MAX_LINE_BYTES: process.env.MAX_LINE_BYTES })
  const file = await openImportFile(path)
  let readable: ReadableFile | undefined
  try {
    readable = await makeReadable(file, signal)
    return await check(file, readable, maxLineBytes, flags, signal)
  } catch (error) {
    if (!signal.aborted) throw error
    process.stderr.write('Interrupted.\n')
    return exitCodeOf(signal.reason)
  } finally {
    await readable?.reader.close()
    await file.close()
  }
}

/** What a pass is about: `offerings`. */
const typesOf = (pass: number): string =>
  [...(passes[pass - 1]?.types ?? [])].map(({ table }) => table).join(' and ')

async function check(
  file: ImportFile,
  { reader, bytes: fileBytes }: ReadableFile,
  maxLineBytes: number,
  flags: Flags,
  signal: AbortSignal,
): Promise<number> {
  const reporter = reporterOn(process.stderr, colorsOf(process.stderr, flags.color))
  const examples = new Examples()
  const report = flags.errors === undefined ? undefined : new ErrorFile(flags.errors)
  const all = size(fileBytes)
  let progress = reporter.start('checking', fileBytes)
  let pass = 1
  const done = () => (pass === 1 ? `checked ${all}` : `followed the references of ${typesOf(pass)}`)
  try {
    const checked = await checkFile({ fileBytes, maxLineBytes }, reader, flags, async (found) => {
      signal.throwIfAborted()
      if (found.pass > pass) {
        progress.finish(done())
        pass = found.pass
        progress = reporter.start('following references', fileBytes)
      }
      progress.update(found.bytes, `${size(found.bytes)} of ${all}`)
      examples.add(found)
      await report?.write(found.problems)
    })
    progress.finish(done())
    await report?.end()
    if (checked.unusable !== undefined) throw new CommandError(checked.unusable)
    printReport(file.name, checked, examples, flags)
    return checked.errors === 0 ? VALID : INVALID
  } catch (error) {
    reporter.stop()
    await report?.end()
    throw error
  }
}

const UNRESOLVED_SHOWN = 5

/** The first of what was found, by line. Each pass finds its own lines. */
class Examples {
  problems: readonly LineProblem[] = []
  unresolved: readonly UnresolvedReference[] = []

  add(found: Progress): void {
    this.problems = firstOf(this.problems, found.problems, ({ line }) => line.number, MOST_ERRORS)
    this.unresolved = firstOf(this.unresolved, found.unresolved, ({ line }) => line, UNRESOLVED_SHOWN)
  }
}

/** The first of two sorted lists, merged. */
const firstOf = <Found>(
  some: readonly Found[],
  further: readonly Found[],
  lineOf: (one: Found) => number,
  most: number,
): readonly Found[] =>
  further.length === 0
    ? some
    : [...some, ...further.slice(0, most)].sort((a, b) => lineOf(a) - lineOf(b)).slice(0, most)

/** Writes every error as a JSON line. */
class ErrorFile {
  readonly #stream: WriteStream
  readonly #done: Promise<void>

  constructor(path: string) {
    this.#stream = createWriteStream(path, NEW_FILE)
    this.#done = finished(this.#stream).catch((error: unknown) => {
      throw whyNotWritten(path, error)
    })
    this.#done.catch(() => {})
  }

  async write(problems: readonly LineProblem[]): Promise<void> {
    if (problems.length === 0) return
    const lines = problems.map((problem) => `${JSON.stringify(errorOf(problem))}\n`)
    if (!this.#stream.write(lines.join(''))) await Promise.race([once(this.#stream, 'drain'), this.#done])
  }

  /** @throws what went wrong */
  async end(): Promise<void> {
    this.#stream.end()
    await this.#done
  }
}

const errorOf = ({ line, type, code, field, error, value, externalRef }: LineProblem) => ({
  line_number: line.number,
  record_type: type,
  field,
  code,
  error,
  value,
  external_ref: externalRef,
})

function printReport(name: string, checked: Checked, examples: Examples, flags: Flags): void {
  const kinds = kindsOf(checked)
  if (flags.json) {
    const report = {
      file: { name, lines: checked.lines },
      records: {
        uploaded: checked.uploaded,
        valid: checked.valid,
        ...(flags.onConflict === 'skip' && { skipped: checked.skipped }),
      },
      errors: checked.errors,
      kinds: kinds.map(({ meta }) => meta),
      first_errors: examples.problems.map(errorOf),
      warnings: checked.warnings.map(warningAsJson),
      references_not_in_file: checked.unresolved,
      first_references_not_in_file: examples.unresolved.map(({ line, field, reference }) => ({
        line_number: line,
        field,
        reference,
      })),
    }
    process.stdout.write(`${toJson(report)}\n`)
    return
  }
  const style = styleOf(flags)
  process.stdout.write(`\n${summaryOf(outcomeOf(checked, flags), name, style)}`)
  if (checked.errors > 0) {
    const errors: ErrorAnswer[] = examples.problems.map((problem) => ({ meta: errorOf(problem) }))
    process.stdout.write(`\n${errorsSection(checked.errors, errors, kinds, style)}`)
    if (checked.errors > MOST_ERRORS) process.stdout.write(`\n${wrap(howToSeeAll(flags), style.width)}\n`)
  }
  if (checked.unresolved > 0) process.stdout.write(`\n${unresolvedReferences(checked, examples, style)}\n`)
  if (checked.warnings.length > 0) process.stdout.write(`\n${warningsSection(checked.warnings, style)}`)
}

const howToSeeAll = ({ errors }: Flags): string =>
  errors === undefined
    ? 'With --errors FILE every error is written to a file, as JSON Lines.'
    : `Every error is in ${errors}, as JSON Lines.`

const outcomeOf = (checked: Checked, { onConflict }: Flags): Outcome => ({
  records: {
    uploaded: checked.uploaded,
    imported: checked.valid,
    ...(onConflict === 'skip' && { skipped: checked.skipped }),
  },
  errors: checked.errors,
  lines: checked.lines,
  isComplete: true,
  words: validated,
})

/** As the API sums up an import's errors: the most frequent first. */
const kindsOf = ({ kinds }: Checked): ErrorKindAnswer[] =>
  kinds.ofAllTypes.map(({ code, field, error, lines, first }) => ({
    meta: { code, field, error, lines, first_line_number: first },
  }))

function unresolvedReferences({ unresolved }: Checked, examples: Examples, style: Style): string {
  const { colors, width } = style
  const sentence =
    unresolved === 1
      ? '1 reference does not lead to a valid record of the file. Unless the store has that record, the line will be rejected.'
      : `${number(unresolved)} references do not lead to a valid record of the file. Lines that refer to records which the store does not have either will be rejected.`
  const shown = examples.unresolved.length < unresolved ? ` The first ${examples.unresolved.length}:` : ''
  const table = referencesTable(
    examples.unresolved.map(({ line, field, noun, reference }) => ({
      line,
      field,
      reference: `${noun} ${excerpt(reference)}`,
    })),
    style,
  )
  return `${colors.yellow(wrap(`${sentence}${shown}`, width))}\n\n${table}`
}
