import { tallyOf } from '../../../imports/resource/outcome.js'
import type { ImportResource } from '../../../imports/resource/schema.js'
import { IMPORT_STATUSES } from '../../../imports/terms.js'
import { number } from '../../../text/numbers.js'
import { getPage, IMPORTS } from '../../client/client.js'
import { type FilterFlags, filterOf } from '../../client/import-filter.js'
import { atServer, styleOf } from '../../client/server-command.js'
import { type Column, listed } from '../../terminal/list.js'
import { minute } from '../../terminal/times.js'
import { command, type ListFlags, pageNote, printJson, withPages } from './command.js'

/** What it is, if it is more than an import that stands. */
function noteOf({ dry_run, undo }: ImportResource['meta']): string {
  if (dry_run) return ' (rehearsal)'
  return undo?.status === 'success' ? ' (undone)' : ''
}

const columns: readonly Column<ImportResource>[] = [
  { title: 'id', value: ({ id }) => id },
  {
    title: 'status',
    wraps: true,
    value: ({ attributes, meta }) => `${attributes.status}${noteOf(meta)}`,
  },
  { title: 'reference', wraps: true, mayGo: true, value: ({ attributes }) => attributes.external_ref ?? '' },
  { title: 'file', wraps: true, mayGo: true, value: ({ meta }) => meta.file.name ?? '' },
  { title: 'records', isNumber: true, value: ({ meta }) => number(tallyOf(meta.records).uploaded) },
  { title: 'imported', isNumber: true, value: ({ meta }) => number(tallyOf(meta.records).imported) },
  { title: 'errors', isNumber: true, value: ({ meta }) => number(meta.errors) },
  { title: 'received (UTC)', mayGo: true, value: ({ meta }) => minute(meta.timestamps.created_at) },
]

/** `intake imports list` */
export const list = () =>
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
