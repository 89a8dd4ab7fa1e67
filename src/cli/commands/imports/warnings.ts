import { getWarnings } from '../../client/client.js'
import { type ServerCommandFlags, styleOf } from '../../client/server-command.js'
import { warningsTable } from '../../terminal/error-tables.js'
import { atImport, ofImport, printJson } from './command.js'

/** `intake imports warnings` */
export const warnings = () =>
  ofImport('warnings', 'show what is no error in an import and yet may surprise').action(
    (given: string, flags: ServerCommandFlags) =>
      atImport(flags, given, async ({ address }, id, signal) => {
        const found = await getWarnings(address, id, signal)
        if (flags.json) printJson(found)
        else {
          const shown = found.length === 0 ? 'There are no warnings.' : warningsTable(found, styleOf(flags))
          process.stdout.write(`${shown}\n`)
        }
        return 0
      }),
  )
