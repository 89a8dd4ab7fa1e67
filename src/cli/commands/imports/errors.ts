import { escapeInvisible } from '../../../text/invisible.js'
import { download, type ErrorAnswer, errorsPath, getErrorKinds, getPage } from '../../client/client.js'
import { styleOf } from '../../client/server-command.js'
import { errorsTable, kindsTable } from '../../terminal/error-tables.js'
import { print } from '../../terminal/save.js'
import { atImport, type ListFlags, ofImport, pageNote, printJson, withPages } from './command.js'

/** `intake imports errors` */
export const errors = () =>
  withPages(ofImport('errors', "show an import's errors, by line"))
    .option('--kinds', 'by kind, the most frequent first')
    .option('--all', 'all of them, as JSON Lines')
    .action((given: string, flags: ListFlags & { readonly kinds?: true; readonly all?: true }) =>
      atImport(flags, given, async ({ address }, id, signal) => {
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
