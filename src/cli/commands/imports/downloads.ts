import type { Command } from 'commander'
import { escapeInvisible, showInvisible } from '../../../text/invisible.js'
import { counted } from '../../../text/numbers.js'
import { download, importPath } from '../../client/client.js'
import { type ServerCommandFlags, styleOf } from '../../client/server-command.js'
import { commandLine } from '../../terminal/program.js'
import { print, type Saved, saveTo } from '../../terminal/save.js'
import { wrap } from '../../terminal/terminal.js'
import { atImport, ofImport, printJson } from './command.js'

/** `intake imports rejected` */
export const rejected = () =>
  downloading(
    'rejected',
    'fetch the rejected lines, byte for byte, to be fixed and imported',
    ({ lines }, output, flags, id) => {
      const sentence = `${counted(lines, 'rejected line')} ${lines === 1 ? 'is' : 'are'} in ${output}. Once they are fixed, this imports them:`
      return `${wrap(sentence, styleOf(flags).width)}\n\n  ${commandLine(flags, 'import', output, '--fixes', id)}`
    },
  )

/** `intake imports results` */
export const results = () =>
  downloading(
    'results',
    'fetch the record that each imported line became, as JSON Lines',
    ({ lines }, output) => `${output} lists the records of ${counted(lines, 'imported line')}.`,
  )

/** `intake imports changes` */
export const changes = () =>
  downloading(
    'changes',
    'fetch what each line of an import with "update" or "patch" changed, as JSON Lines',
    ({ lines }, output) => `${output} lists the changes of ${counted(lines, 'line')}.`,
  )

/** `intake imports kept` */
export const kept = () =>
  downloading(
    'kept',
    'fetch the records that an undo has left as they are, as JSON Lines',
    ({ lines }, output) => `${output} lists ${counted(lines, 'record')}.`,
    'undo/kept',
  )

/**
 * A command that fetches JSON Lines from a route of an import.
 *
 * @param saidOf what is said of those that were written to a file.
 */
const downloading = (
  name: string,
  description: string,
  saidOf: (saved: Saved, output: string, flags: ServerCommandFlags, id: string) => string,
  route = name,
): Command =>
  ofImport(name, description)
    .option('-o, --output <file>', 'write them to this new file (default: the standard output)')
    .action((given: string, flags: ServerCommandFlags & { readonly output?: string }) =>
      atImport(flags, given, async ({ address }, id, signal) => {
        const { output } = flags
        const lines = await download(address, `${importPath(id)}/${route}`, signal)
        if (output === undefined) await print(lines, name === 'rejected' ? showInvisible : escapeInvisible)
        else {
          const saved = await saveTo(output, lines)
          if (flags.json) printJson({ file: output, ...saved })
          else process.stdout.write(`${saidOf(saved, output, flags, id)}\n`)
        }
        return 0
      }),
    )
