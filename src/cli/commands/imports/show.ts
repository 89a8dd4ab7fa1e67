import { existingSentence, isUnderWay, outcomeOf } from '../../../imports/resource/outcome.js'
import type { ImportResource } from '../../../imports/resource/schema.js'
import { counted, number, size } from '../../../text/numbers.js'
import { getImport } from '../../client/client.js'
import type { Server } from '../../client/find-server.js'
import { type ServerCommandFlags, styleOf } from '../../client/server-command.js'
import { watchImport } from '../../client/watch.js'
import { drawFacts } from '../../terminal/facts.js'
import { commandLine } from '../../terminal/program.js'
import { reporterOn } from '../../terminal/progress.js'
import { countsTable } from '../../terminal/summary.js'
import { colorsOf, printable, wrap } from '../../terminal/terminal.js'
import { moment } from '../../terminal/times.js'
import { reportEnd, sayHowToGoOn } from '../import.js'
import { atImport, ofImport, ofLatestImport, printJson } from './command.js'

/** `intake imports show` */
export const show = () =>
  ofImport('show', 'show the progress of an import, or how it ended')
    .option('--watch', 'follow it to its end, as "watch" does')
    .action((given: string, flags: ServerCommandFlags & { readonly watch?: true }) =>
      atImport(flags, given, async (server, id, signal) => {
        const found = await getImport(server.address, id, signal)
        if (flags.watch) return await follow(server, found, flags, signal)
        if (flags.json) printJson(found)
        else process.stdout.write(describe(found, flags))
        return 0
      }),
    )

/** `intake imports watch` */
export const watch = () =>
  ofLatestImport('watch', 'follow an import to its end, and report').action(
    (given: string, flags: ServerCommandFlags) =>
      atImport(flags, given, async (server, id, signal) =>
        follow(server, await getImport(server.address, id, signal), flags, signal),
      ),
  )

/** Follows an import to its end, and reports. Returns the exit code. */
export async function follow(
  server: Server,
  found: ImportResource,
  flags: ServerCommandFlags,
  signal: AbortSignal,
): Promise<number> {
  const reporter = reporterOn(process.stderr, colorsOf(process.stderr, flags.color))
  try {
    const ended = await watchImport(server, found, reporter, signal)
    const name = ended.meta.file.name ?? `import ${ended.id}`
    const code = await reportEnd(server, ended, name, flags, signal)
    if (!flags.json && ended.meta.failure) {
      process.stdout.write(`\n${wrap(printable(ended.meta.failure.detail), styleOf(flags).width)}\n`)
    }
    return code
  } catch (error) {
    reporter.stop()
    if (signal.aborted) sayHowToGoOn(reporter, server, found.id, flags)
    throw error
  }
}

function describe(one: ImportResource, flags: ServerCommandFlags): string {
  const { colors, width } = styleOf(flags)
  const { id, attributes, meta } = one
  const { created_at, started_at, finished_at } = meta.timestamps
  const { bytes, lines, name } = meta.file
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['import', id],
    ['status', `${attributes.status}${meta.dry_run ? ' (a rehearsal: nothing is added)' : ''}`],
    ['reference', attributes.external_ref],
    ['file', `${name === undefined ? '' : `${name}, `}${size(bytes)}, ${counted(lines, 'line')}`],
    ['same file as', meta.same_file_as],
    ['on conflict', meta.on_conflict],
    ['max errors', meta.max_errors === undefined ? undefined : number(meta.max_errors)],
    ['rehearsal of', meta.rehearsal_of],
    ['run as', meta.run_as],
    ['fixes', meta.fixes],
    ['fixed by', meta.fixed_by],
    ['created by', meta.created_by],
    ['belongs to', meta.owner === 'organization' ? 'the organization' : undefined],
    ['received', moment(created_at)],
    ['started', started_at && moment(started_at)],
    ['finished', finished_at && moment(finished_at)],
    ['progress', isUnderWay(one) ? `${Math.floor(meta.progress * 100)}%` : undefined],
    ['errors', number(meta.errors)],
    ['warnings', meta.warnings === 0 ? undefined : number(meta.warnings)],
    ['undo', meta.undo && undoInWords(meta.undo)],
  ]
  const shown = drawFacts(
    undefined,
    facts.map(([name, value = '']) => [name, printable(value)]),
    width,
    colors.bold,
  )
  const failure = meta.failure ? [colors.red(wrap(printable(meta.failure.detail), width))] : []
  const commands = meta.errors > 0 ? [commandLine(flags, 'imports', 'errors', id)] : []
  const outcome = outcomeOf(one)
  const existing = existingSentence(outcome)
  const parts = [
    shown,
    countsTable(outcome, { colors, width }),
    ...(existing === undefined ? [] : [wrap(existing, width)]),
    ...failure,
    ...commands.map((line) => `  ${line}`),
  ]
  return `${parts.join('\n\n')}\n`
}

function undoInWords({ status, ...counts }: NonNullable<ImportResource['meta']['undo']>): string {
  const inWords = (['removed', 'restored', 'kept'] as const).map(
    (what) => `${number(Object.values(counts[what]).reduce((sum, one) => sum + one, 0))} ${what}`,
  )
  return `${status}: ${inWords.join(', ')}`
}
