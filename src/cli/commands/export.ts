import { Argument, Command } from 'commander'
import { passes } from '../../imports/file/passes.js'
import type { RecordType } from '../../records/record-type.js'
import { escapeInvisible } from '../../text/invisible.js'
import { counted, size } from '../../text/numbers.js'
import { type Address, download, recordsPath } from '../client/client.js'
import { atServer, type ServerCommandFlags, styleOf, withServerFlags } from '../client/server-command.js'
import { PROGRAM } from '../terminal/program.js'
import { reporterOn } from '../terminal/progress.js'
import { print, saveTo } from '../terminal/save.js'
import { colorsOf, toJson, wrap } from '../terminal/terminal.js'

/** What others refer to comes before them. */
const TYPES: readonly RecordType[] = passes.flatMap(({ types }) => [...types])

const HELP = `
The lines are those of an import file, the oldest record of each type first, so
that what one store exports another one imports. Only the store's own records
are exported; those of its organization are in the organization's export.

What an offering or a subscription holds is named by its external_ref where that
leads to it, and written inline where it does not. With --inline all of it is
written as it is held, though the original may have changed since.

The lines have what no other answer has: payment authorities. Keep the file like
the data itself.

Examples:
  $ ${PROGRAM} export --output everything.jsonl
  $ ${PROGRAM} export products plans | gzip > catalogue.jsonl.gz
  $ ${PROGRAM} export subscriptions --filter 'eq(status,active)'`

interface Flags extends ServerCommandFlags {
  readonly filter?: string
  readonly inline?: true
  readonly output?: string
}

/** `intake export`: writes records as lines of an import file. */
export const exportCommand = (): Command =>
  withServerFlags(
    new Command('export')
      .description('write records as lines of an import file')
      .addArgument(
        new Argument('[types...]', 'which records (default: all)').choices(TYPES.map(({ table }) => table)),
      )
      .option('--filter <filter>', 'that match this filter of the API, such as "like(name,Coffee*)"')
      .option('--inline', 'write all that records hold inline, as they hold it')
      .option('-o, --output <file>', 'write them to this new file (default: the standard output)'),
  )
    .addHelpText('after', HELP)
    .showHelpAfterError(`Run "${PROGRAM} export --help" for help.`)
    .action((types: readonly string[], flags: Flags) =>
      atServer(flags, async ({ address }, signal) => {
        await run(address, types, flags, signal)
        return 0
      }),
    )

async function run(address: Address, types: readonly string[], flags: Flags, signal: AbortSignal) {
  const { output } = flags
  const tables = TYPES.map(({ table }) => table).filter(
    (table) => types.length === 0 || types.includes(table),
  )
  // On a terminal the lines themselves are the progress.
  const isShown = output === undefined && process.stdout.isTTY
  const reporter = reporterOn(process.stderr, colorsOf(process.stderr, flags.color))
  const progress = isShown ? undefined : reporter.start('exporting', undefined)
  let bytes = 0
  const onPiece = (table: string, length: number) => {
    bytes += length
    progress?.update(bytes, `${table}, ${size(bytes)}`)
  }
  const lines = linesOf(address, tables, flags, signal, onPiece)
  try {
    const saved = output === undefined ? await print(lines, escapeInvisible) : await saveTo(output, lines)
    progress?.finish(`exported ${size(bytes)}`)
    if (output === undefined || !saved) return
    const sentence = `${counted(saved.lines, 'record')} ${saved.lines === 1 ? 'is' : 'are'} in ${output}.`
    const said = flags.json ? toJson({ file: output, ...saved }) : wrap(sentence, styleOf(flags).width)
    process.stdout.write(`${said}\n`)
  } finally {
    reporter.stop()
  }
}

/** The lines of these tables, one after the other. */
async function* linesOf(
  address: Address,
  tables: readonly string[],
  { filter, inline }: Flags,
  signal: AbortSignal,
  onPiece: (table: string, bytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const query = new URLSearchParams({
    ...(filter !== undefined && { filter }),
    ...(inline && { inline: 'true' }),
  })
  for (const table of tables) {
    for await (const piece of await download(address, `${recordsPath(table)}?${query}`, signal)) {
      onPiece(table, piece.length)
      yield piece
    }
  }
}
