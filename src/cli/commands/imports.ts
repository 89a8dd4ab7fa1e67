import { Command, InvalidArgumentError } from 'commander'
import { outcomeOf, tallyOf } from '../../imports/resource/outcome.js'
import type { ImportResource } from '../../imports/resource/schema.js'
import { IMPORT_STATUSES } from '../../imports/terms.js'
import { UUID_PATTERN } from '../../schema/uuid.js'
import { escapeInvisible, showInvisible } from '../../text/invisible.js'
import { counted, number, size } from '../../text/numbers.js'
import {
  controlImport,
  download,
  type ErrorAnswer,
  errorsPath,
  getErrorKinds,
  getImport,
  getPage,
  IMPORTS,
  importPath,
  type PageAnswer,
  type PageFlags,
} from '../client/client.js'
import { type FilterFlags, filterOf } from '../client/import-filter.js'
import {
  atServer,
  type ServerCommandFlags,
  styleOf,
  wholeNumber,
  withServerFlags,
} from '../client/server-command.js'
import { errorsTable, kindsTable } from '../terminal/error-tables.js'
import { type Column, listed } from '../terminal/list.js'
import { commandLine, PROGRAM } from '../terminal/program.js'
import { reporterOn } from '../terminal/progress.js'
import { print, type Saved, saveTo } from '../terminal/save.js'
import { countsTable } from '../terminal/summary.js'
import { colorsOf, printable, toJson, wrap } from '../terminal/terminal.js'
import { reportEnd, watchImport } from './import.js'

const HELP = `
Without --url they talk to the server that runs on the data directory, or run
one themselves while they work.

Exit codes:
  0  done
  1  it could not be done, or the import failed ("show --watch")
  2  lines were rejected ("show --watch")

Examples:
  $ ${PROGRAM} imports list --status failed,success
  $ ${PROGRAM} imports errors ID --kinds
  $ ${PROGRAM} imports rejected ID --output fix-me.jsonl
  $ ${PROGRAM} imports cancel ID`

/** `intake imports`: shows and controls imports. */
export const importsCommand = (): Command =>
  new Command('imports')
    .description('list imports, show one, fetch its errors and rejected lines, cancel it, resume it')
    .addCommand(list())
    .addCommand(show())
    .addCommand(errors())
    .addCommand(rejected())
    .addCommand(results())
    .addCommand(cancel())
    .addCommand(retry())
    .addHelpText('after', HELP)
    .showHelpAfterError(`Run "${PROGRAM} imports --help" for help.`)

const command = (name: string, description: string): Command =>
  withServerFlags(new Command(name).description(description)).showHelpAfterError('Add --help for help.')

const ofImport = (name: string, description: string): Command =>
  command(name, description).argument(
    '<id>',
    `the id of the import, as "${PROGRAM} imports list" shows it`,
    importId,
  )

function importId(text: string): string {
  if (UUID_PATTERN.test(text)) return text
  throw new InvalidArgumentError(`It is not the id of an import; "${PROGRAM} imports list" shows them.`)
}

const withPages = (paged: Command): Command =>
  paged
    .option(
      '--limit <number>',
      'how many to list, from 1 to 100 (default: the page length of the store)',
      wholeNumber,
    )
    .option('--offset <number>', 'how many to skip at the start', wholeNumber)

type ListFlags = ServerCommandFlags & PageFlags

const printJson = (value: unknown): void => void process.stdout.write(`${toJson(value)}\n`)

const columns: readonly Column<ImportResource>[] = [
  { title: 'id', value: ({ id }) => id },
  { title: 'status', value: (one) => `${one.attributes.status}${one.meta.dry_run ? ' (rehearsal)' : ''}` },
  { title: 'reference', wraps: true, mayGo: true, value: ({ attributes }) => attributes.external_ref ?? '' },
  { title: 'records', isNumber: true, value: ({ meta }) => number(tallyOf(meta.records).uploaded) },
  { title: 'imported', isNumber: true, value: ({ meta }) => number(tallyOf(meta.records).imported) },
  { title: 'errors', isNumber: true, value: ({ meta }) => number(meta.errors) },
  { title: 'received', mayGo: true, value: ({ meta }) => minute(meta.timestamps.created_at) },
]

/** Of a time as RFC 3339 has it: `2026-11-22 02:32`. */
const minute = (time: string): string => time.slice(0, 16).replace('T', ' ')

const list = () =>
  withPages(command('list', 'show imports, newest first'))
    .option(
      '--status <statuses>',
      `of these statuses, with commas between them: ${IMPORT_STATUSES.join(', ')}`,
    )
    .option('--external-ref <text>', 'with this external_ref; "*" at either end stands for any text')
    .option('--filter <filter>', 'that match this filter of the API, such as "gt(created_at,2026-01-31)"')
    .action((flags: ListFlags & FilterFlags) =>
      atServer(flags, async ({ address }, signal) => {
        const page = await getPage<ImportResource>(address, IMPORTS, flags, signal, filterOf(flags))
        if (flags.json) printJson(page.data)
        else {
          const { text } = listed(page.data, columns, 'There are no such imports.')
          process.stdout.write(`${text(styleOf(flags).width)}\n${pageNote(page, 'import', flags)}`)
        }
        return 0
      }),
    )

/** Which part of a list was shown, where it is not all of it. */
function pageNote({ data, meta }: PageAnswer<unknown>, noun: string, { color }: ListFlags): string {
  const { page, results } = meta
  const last = page.offset + data.length
  if (data.length === results.total || data.length === 0) return ''
  const rest = last < results.total ? ` "--offset ${last}" shows what follows.` : ''
  const sentence = `${number(page.offset + 1)} to ${number(last)} of ${counted(results.total, noun)}.${rest}`
  return `\n${wrap(sentence, styleOf({ color }).width)}\n`
}

const show = () =>
  ofImport('show', 'show the progress of an import, or how it ended')
    .option('--watch', 'follow it to its end')
    .action((id: string, flags: ServerCommandFlags & { readonly watch?: true }) =>
      atServer(flags, async (server, signal) => {
        const found = await getImport(server.address, id, signal)
        if (flags.watch) {
          const reporter = reporterOn(process.stderr, colorsOf(process.stderr, flags.color))
          const ended = await watchImport(server, found, reporter, signal)
          const code = await reportEnd(server, ended, `import ${ended.id}`, flags, signal)
          if (!flags.json && ended.meta.failure)
            process.stdout.write(`\n${printable(ended.meta.failure.detail)}\n`)
          return code
        }
        if (flags.json) printJson(found)
        else process.stdout.write(describe(found, flags))
        return 0
      }),
    )

function describe(one: ImportResource, flags: ServerCommandFlags): string {
  const { colors, width } = styleOf(flags)
  const { id, attributes, meta } = one
  const { created_at, started_at, finished_at } = meta.timestamps
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['import', id],
    ['status', `${attributes.status}${meta.dry_run ? ' (a rehearsal: nothing is added)' : ''}`],
    ['reference', attributes.external_ref],
    ['on conflict', meta.on_conflict],
    ['received', created_at],
    ['started', started_at],
    ['finished', finished_at],
    ['file', `${size(meta.file.bytes)}, ${counted(meta.file.lines, 'line')}`],
    ['errors', number(meta.errors)],
  ]
  const shown = facts.flatMap(([name, value]) =>
    value === undefined ? [] : [`${colors.bold(name.padEnd(12))}${printable(value)}`],
  )
  const failure = meta.failure ? [colors.red(wrap(printable(meta.failure.detail), width))] : []
  const commands = meta.errors > 0 ? [commandLine(flags, 'imports', 'errors', id)] : []
  return `${[shown.join('\n'), countsTable(outcomeOf(one), colors), ...failure, ...commands.map((line) => `  ${line}`)].join('\n\n')}\n`
}

const errors = () =>
  withPages(ofImport('errors', "show an import's errors, by line"))
    .option('--kinds', 'by kind, the most frequent first')
    .option('--all', 'all of them, as JSON Lines')
    .action((id: string, flags: ListFlags & { readonly kinds?: true; readonly all?: true }) =>
      atServer(flags, async ({ address }, signal) => {
        if (flags.all) {
          await print(await download(address, errorsPath(id), signal), escapeInvisible)
          return 0
        }
        const style = styleOf(flags)
        if (flags.kinds) {
          const kinds = await getErrorKinds(address, id, signal)
          if (flags.json) printJson(kinds)
          else process.stdout.write(kinds.length === 0 ? NO_ERRORS : `${kindsTable(kinds, style)}\n`)
          return 0
        }
        const page = await getPage<ErrorAnswer>(address, errorsPath(id), flags, signal)
        if (flags.json) printJson(page.data)
        else if (page.data.length === 0) process.stdout.write(NO_ERRORS)
        else process.stdout.write(`${errorsTable(page.data, style)}\n${pageNote(page, 'error', flags)}`)
        return 0
      }),
    )

const NO_ERRORS = 'There are no such errors.\n'

const rejected = () =>
  downloading(
    'rejected',
    'fetch the rejected lines, byte for byte, to be fixed and imported',
    ({ lines }, output, flags) => {
      const sentence = `${counted(lines, 'rejected line')} ${lines === 1 ? 'is' : 'are'} in ${output}. Once they are fixed, this imports them:`
      return `${wrap(sentence, styleOf(flags).width)}\n\n  ${commandLine(flags, 'import', output)}`
    },
  )

const results = () =>
  downloading(
    'results',
    'fetch the record that each imported line became, as JSON Lines',
    ({ lines }, output) => `${output} lists the records of ${counted(lines, 'imported line')}.`,
  )

/**
 * A command that fetches JSON Lines from the route of the same name.
 *
 * @param saidOf what is said of
 * those that were written to a file.
 */
const downloading = (
  name: string,
  description: string,
  saidOf: (saved: Saved, output: string, flags: ServerCommandFlags) => string,
): Command =>
  ofImport(name, description)
    .option('--output <file>', 'write them to this new file (default: the standard output)')
    .action((id: string, flags: ServerCommandFlags & { readonly output?: string }) =>
      atServer(flags, async ({ address }, signal) => {
        const { output } = flags
        const lines = await download(address, `${importPath(id)}/${name}`, signal)
        if (output === undefined) await print(lines, name === 'results' ? escapeInvisible : showInvisible)
        else {
          const saved = await saveTo(output, lines)
          if (flags.json) printJson({ file: output, ...saved })
          else process.stdout.write(`${saidOf(saved, output, flags)}\n`)
        }
        return 0
      }),
    )

const cancel = () =>
  ofImport('cancel', 'cancel an import; what it has imported stays').action(
    (id: string, flags: ServerCommandFlags) =>
      atServer(flags, async ({ address }, signal) => {
        const canceled = await controlImport(address, id, 'cancel', signal)
        const { imported, uploaded } = tallyOf(canceled.meta.records)
        if (flags.json) printJson(canceled)
        else if (canceled.meta.dry_run) {
          const sentence = `Rehearsal ${id} was canceled. Nothing was added.`
          process.stdout.write(`${wrap(sentence, styleOf(flags).width)}\n`)
        } else {
          printNext(
            `Import ${id} was canceled. ${number(imported)} of its ${counted(uploaded, 'record')} had been imported and stay.`,
            'This resumes it:',
            commandLine(flags, 'imports', 'retry', id),
            flags,
          )
        }
        return 0
      }),
  )

const retry = () =>
  ofImport('retry', 'resume an import that failed or was canceled, from where it stopped').action(
    (id: string, flags: ServerCommandFlags) =>
      atServer(flags, async (server, signal) => {
        const retried = await controlImport(server.address, id, 'retry', signal)
        if (flags.json) printJson(retried)
        else {
          printNext(
            `Import ${id} is waiting for its turn${server.isOwn ? ', and continues while `intake serve` runs' : ''}.`,
            'This follows it to its end:',
            commandLine(flags, 'imports', 'show', id, '--watch'),
            flags,
          )
        }
        return 0
      }),
  )

function printNext(sentence: string, next: string, line: string, flags: ServerCommandFlags): void {
  process.stdout.write(`${wrap(`${sentence} ${next}`, styleOf(flags).width)}\n\n  ${line}\n`)
}
