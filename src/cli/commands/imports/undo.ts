import type { Command } from 'commander'
import type { ImportResource } from '../../../imports/resource/schema.js'
import {
  type UndoRecords,
  undoOutcome,
  undoPlan,
  undoTallyOf,
} from '../../../imports/resource/undo-outcome.js'
import { counted, number } from '../../../text/numbers.js'
import { controlImport, previewUndo } from '../../client/client.js'
import type { Server } from '../../client/find-server.js'
import { followImport } from '../../client/follow.js'
import { type ServerCommandFlags, styleOf } from '../../client/server-command.js'
import { askYes, canAsk } from '../../terminal/ask.js'
import { CommandError } from '../../terminal/fail.js'
import { commandLine } from '../../terminal/program.js'
import { reporterOn } from '../../terminal/progress.js'
import { colorsOf, printable, wrap } from '../../terminal/terminal.js'
import { atImport, ofImport, printJson, printNext } from './command.js'

interface Flags extends ServerCommandFlags {
  readonly dryRun?: true
  readonly yes?: true
}

const SOME_KEPT = 2

const HELP = `
Records that the import added are removed, and those that it changed get the
values back that they had before. Those that were changed since, or that others
hold by now, stay as they are; "imports kept" lists them.

It first says what will happen, and asks. Where nobody can be asked, it needs
--yes.

Exit codes:
  0  the import is undone, or --dry-run was given
  1  it could not be undone, or nobody said yes
  2  it is undone, and some records stay as they are`

/** `intake imports undo` */
export const undo = (): Command =>
  ofImport('undo', 'take an import back: remove what it added, restore what it changed')
    .option('--dry-run', 'only say what would happen')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', HELP)
    .action((given: string, flags: Flags) =>
      atImport(flags, given, async (server, id, signal) => {
        const preview = await previewUndo(server.address, id, signal)
        if (flags.dryRun) {
          if (flags.json) printJson(preview)
          else say(undoPlan(preview.meta), flags)
          return 0
        }
        if (!flags.yes) await agree(id, preview.meta, flags, signal)
        await controlImport(server.address, id, 'undo', signal)
        return report(await follow(server, id, preview.meta, flags, signal), flags)
      }),
    )

const say = (sentence: string, flags: Flags): void =>
  void process.stdout.write(`${wrap(sentence, styleOf(flags).width)}\n`)

/** @throws CommandError unless a person agrees */
async function agree(id: string, plan: UndoRecords, flags: Flags, signal: AbortSignal): Promise<void> {
  const sentence = undoPlan(plan)
  if (!canAsk()) {
    throw new CommandError(`${sentence} Nothing was changed; --yes undoes the import without a question.`)
  }
  process.stderr.write(`${wrap(sentence, styleOf(flags).width)}\n`)
  if (!(await askYes(`Undo import ${id}?`, signal))) throw new CommandError('Nothing was changed.')
}

const hasEnded = ({ meta: { undo } }: ImportResource): boolean =>
  undo?.status === 'success' || undo?.status === 'failed'

function countOf(records: UndoRecords): number {
  const { removed, restored, kept } = undoTallyOf(records)
  return removed + restored + kept
}

async function follow(
  server: Server,
  id: string,
  plan: UndoRecords,
  flags: Flags,
  signal: AbortSignal,
): Promise<ImportResource> {
  const reporter = reporterOn(process.stderr, colorsOf(process.stderr, flags.color))
  const all = countOf(plan)
  const progress = reporter.start('undoing', all)
  let latest = 0
  const onState = ({ meta: { undo } }: ImportResource) => {
    latest = undo ? countOf(undo) : 0
    const isWaiting = undo?.status === 'pending'
    progress.update(
      latest,
      isWaiting ? 'waiting for its turn' : `${number(latest)} of ${counted(all, 'record')}`,
    )
  }
  const onLost = () => progress.update(latest, 'waiting for the server')
  try {
    const { say } = reporter
    const ended = await followImport(server, id, { onState, onLost, say, signal, hasEnded })
    progress.finish(`went through ${counted(latest, 'record')}`)
    return ended
  } catch (error) {
    reporter.stop()
    if (signal.aborted) {
      const where = server.isOwn
        ? 'continues when intake is started again on this data directory'
        : 'continues on the server'
      reporter.say(`Interrupted. The undo of import ${id} ${where}. This shows how far it is:`)
      process.stderr.write(`\n  ${commandLine(flags, 'imports', 'show', id)}\n`)
    }
    throw error
  }
}

/** Says what became of the records. Returns the exit code. */
function report(ended: ImportResource, flags: Flags): number {
  const { id, meta } = ended
  const { undo } = meta
  if (!undo) throw new CommandError(`The server does not know of the undo of import ${id}.`)
  if (flags.json) printJson(ended)
  if (undo.status === 'failed') {
    throw new CommandError(`The undo of import ${id} failed. ${printable(undo.failure?.detail ?? '')}`)
  }
  const { kept } = undoTallyOf(undo)
  if (!flags.json) {
    if (kept === 0) say(undoOutcome(undo), flags)
    else {
      const those = kept === 1 ? 'This shows it, and why:' : 'This lists them, and why:'
      printNext(undoOutcome(undo), those, commandLine(flags, 'imports', 'kept', id), flags)
    }
  }
  return kept === 0 ? 0 : SOME_KEPT
}
