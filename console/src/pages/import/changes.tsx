import { Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { isUnderWay, tallyOf } from '../../../../src/imports/resource/outcome'
import { counted, number } from '../../../../src/text/numbers'
import { type Change, type Import, listUpdates } from '../../api/imports'
import type { ListedType } from '../../api/record-types'
import { phrase, typeName } from '../../format'
import { type Column, DataTable } from '../../ui/data-table'
import { Empty, Failure } from '../../ui/states'
import { sumOf } from '../../undo'
import { Pair } from './changed-value'
import { DownloadButton } from './download'
import { FirstRows } from './first-rows'
import { RecordLink } from './record-link'

interface ChangesProps {
  readonly one: Import
  readonly types: readonly ListedType[]
}

/** What an import changed in records that were there before, or a rehearsal would change. */
export function Changes({ one, types }: ChangesProps) {
  const { updated, unchanged } = one.meta.records
  const isOver = !isUnderWay(one)
  const count = sumOf(updated ?? {})
  const { data, error, refetch } = useQuery({
    queryKey: ['changes', one.id],
    queryFn: () => listUpdates(one.id),
    enabled: isOver && count > 0,
  })
  if (!isOver || updated === undefined) return null
  const same = sumOf(unchanged ?? {})
  const created = tallyOf(one.meta.records).imported - count - same
  const would = one.meta.dry_run ? 'would be ' : ''
  return (
    <section className="section">
      <div className="section-head">
        <Title order={2} className="numbers">
          {counted(count, 'record')} {would}changed
        </Title>
        <DownloadButton one={one} what="changes" text="Download all changes" />
      </div>
      <Text size="sm" mb="sm" className="quiet numbers">
        {number(created)} {would}created, {number(same)} {was(same)} equal already.
      </Text>
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {count === 0 ? (
        <Empty title="No existing record is different" />
      ) : (
        !(error && !data) && (
          <DataTable
            label="Changes"
            columns={columnsOf(one, types)}
            rows={data?.rows}
            rowKey={({ line_number }) => String(line_number)}
            expectedRows={Math.min(count, 5)}
          />
        )
      )}
      {data && <FirstRows of={data} what="records that differ" />}
    </section>
  )
}

const was = (records: number): string => (records === 1 ? 'was' : 'were')

const columnsOf = (one: Import, types: readonly ListedType[]): Column<Change>[] => [
  { header: 'Line', width: '5rem', isNumber: true, cell: ({ line_number }) => number(line_number) },
  { header: 'Type', width: '8rem', cell: ({ type }) => typeName(type) },
  { header: 'Record', width: '14rem', cell: (change) => <RecordLink of={change} types={types} /> },
  {
    header: one.meta.dry_run ? 'What would change' : 'What changed',
    cell: ({ type, attributes = {} }) => (
      <dl className="changes">
        {Object.entries(attributes).map(([name, [before, after]]) => (
          <div key={name}>
            <dt>{phrase(name)}</dt>
            <dd>
              <Pair type={type} name={name} types={types} before={before} after={after} />
            </dd>
          </div>
        ))}
      </dl>
    ),
  },
]
