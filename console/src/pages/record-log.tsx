import { Title } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { counted } from '../../../src/text/numbers'
import type { StoredRecord } from '../api/record'
import type { ListedType, SubList } from '../api/record-types'
import { listOfRecord } from '../api/records'
import { capitalized } from '../format'
import { useAddress } from '../ui/address'
import { type Column, DataTable } from '../ui/data-table'
import { LIST_MAX_OFFSET, Paging } from '../ui/paging'
import { Empty, Failure } from '../ui/states'
import { ExactTime } from '../ui/time'
import { columnOf } from './record-columns'

interface LogProps {
  readonly holder: ListedType
  /** The id of the record. */
  readonly id: string
  readonly log: SubList
}

/** What was done to a record, in the order of the list. */
export function Log({ holder, id, log: { list, type } }: LogProps) {
  const address = useAddress()
  const { offset } = address
  const { data, error, refetch, isPlaceholderData } = useQuery({
    queryKey: ['record', holder.list, id, list, offset],
    queryFn: () => listOfRecord(holder.list, id, list, offset),
    placeholderData: keepPreviousData,
  })
  const total = data?.meta.results.total ?? 0
  const nouns = `${type.noun}s`
  const columns = type.attributes
    .filter(({ name }) => name !== 'updated_at')
    .map((attribute): Column<StoredRecord> => {
      const column = columnOf(attribute)
      const isTime = attribute.schema['x-kind'] === 'time'
      return isTime
        ? { ...column, cell: (entry) => <ExactTime time={String(attribute.of(entry))} /> }
        : column
    })
  return (
    <section className="section">
      <Title order={2}>{total === 0 ? capitalized(nouns) : counted(total, type.noun)}</Title>
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {data?.data.length === 0 ? (
        <Empty title={`No ${nouns} yet`} />
      ) : (
        !(error && !data) && (
          <DataTable
            label={capitalized(nouns)}
            columns={columns}
            rows={data?.data}
            rowKey={(entry) => entry.id}
            expectedRows={1}
            isStale={isPlaceholderData}
          />
        )
      )}
      {data && (
        <Paging
          what={nouns}
          offset={offset}
          total={total}
          maxOffset={LIST_MAX_OFFSET}
          onChange={(changed) => address.set({ offset: changed })}
        />
      )}
    </section>
  )
}
