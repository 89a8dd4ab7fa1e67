import { Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { isUnderWay } from '../../../../src/imports/resource/outcome'
import { counted, number } from '../../../../src/text/numbers'
import { type Import, type ImportWarning, listWarnings } from '../../api/imports'
import { typeName, visible } from '../../format'
import { type Column, DataTable } from '../../ui/data-table'
import { Failure } from '../../ui/states'
import { Field } from './field'

/** What is no error, and yet would surprise. */
export function Warnings({ one }: { readonly one: Import }) {
  const isKnown = one.meta.warnings > 0 || one.meta.same_file_as !== undefined
  const { data, error, refetch } = useQuery({
    // Fetched again when there are more.
    queryKey: ['warnings', one.id, one.meta.warnings, isUnderWay(one)],
    queryFn: () => listWarnings(one.id),
    enabled: isKnown,
  })
  if (!isKnown) return null
  return (
    <section className="section">
      <Title order={2} className="numbers">
        {one.meta.warnings === 0 ? 'Warnings' : `${counted(one.meta.warnings, 'line')} with warnings`}
      </Title>
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {!(error && !data) && (
        <DataTable label="Warnings" columns={COLUMNS} rows={data} rowKey={({ id }) => id} expectedRows={1} />
      )}
    </section>
  )
}

const COLUMNS: readonly Column<ImportWarning>[] = [
  {
    header: 'Lines',
    width: '6rem',
    isNumber: true,
    cell: ({ meta }) => (meta.lines === 0 ? '–' : number(meta.lines)),
  },
  {
    header: 'Records',
    width: '8rem',
    cell: ({ meta: { record_type } }) => (record_type === undefined ? '–' : typeName(record_type)),
  },
  {
    header: 'Field',
    width: '12rem',
    cell: ({ meta }) => (meta.field === '' ? '–' : <Field path={meta.field} />),
  },
  { header: 'Warning', cell: ({ meta }) => <span className="break">{visible(meta.warning)}</span> },
  {
    header: 'First line',
    width: '7rem',
    isNumber: true,
    cell: ({ meta: { first_line_number: first } }) => (first === undefined ? '–' : number(first)),
  },
]
