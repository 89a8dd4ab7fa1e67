import { tallyOf } from '../../../imports/resource/outcome.js'
import { counted, number } from '../../../text/numbers.js'
import { controlImport } from '../../client/client.js'
import { type ServerCommandFlags, styleOf } from '../../client/server-command.js'
import { commandLine } from '../../terminal/program.js'
import { wrap } from '../../terminal/terminal.js'
import { atImport, ofImport, printJson, printNext } from './command.js'

/** `intake imports cancel` */
export const cancel = () =>
  ofImport('cancel', 'cancel an import; what it has imported stays').action(
    (given: string, flags: ServerCommandFlags) =>
      atImport(flags, given, async ({ address }, id, signal) => {
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

/** `intake imports retry` */
export const retry = () =>
  ofImport('retry', 'resume an import that failed or was canceled, from where it stopped').action(
    (given: string, flags: ServerCommandFlags) =>
      atImport(flags, given, async (server, id, signal) => {
        const retried = await controlImport(server.address, id, 'retry', signal)
        if (flags.json) printJson(retried)
        else {
          printNext(
            `Import ${id} is waiting for its turn${server.isOwn ? ', and continues while `intake serve` runs' : ''}.`,
            'This follows it to its end:',
            commandLine(flags, 'imports', 'watch', id),
            flags,
          )
        }
        return 0
      }),
  )
