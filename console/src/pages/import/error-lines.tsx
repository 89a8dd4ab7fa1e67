import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { isUnderWay } from '../../../../src/imports/resource/outcome'
import { number } from '../../../../src/text/numbers'
import { type Import, type ImportError, listErrors } from '../../api/imports'
import type { ListedType } from '../../api/record-types'
import { PAGE_LENGTH } from '../../api/request'
import { visible } from '../../format'
import { canBeCorrected } from '../../imports'
import { useAddress } from '../../ui/address'
import { type Column, DataTable } from '../../ui/data-table'
import { Paging } from '../../ui/paging'
import { Empty, Failure } from '../../ui/states'
import { ErrorFilters, useErrorFilter } from './error-filters'
import { Field } from './field'
import { Line, ShowLine } from './line'
import type { PartProps } from './part'
import { RUNNING_MS, useOpenLines } from './use-open-lines'
import { UsedBy } from './used-by'

/** The errors line by line, or those that are asked for. */
export function ErrorLines({ one, features, types }: PartProps) {
  const address = useAddress()
  const { offset } = address
  const { filter, clear } = useErrorFilter(features)
  const { isOpen, toggle } = useOpenLines()
  const query = useQuery({
    // Fetched once more when the import has ended.
    queryKey: ['errors', one.id, filter, offset, isUnderWay(one)],
    queryFn: () => listErrors(one.id, filter, offset),
    placeholderData: keepPreviousData,
    refetchInterval: isUnderWay(one) && RUNNING_MS,
  })
  const { data, error } = query
  const isFiltered = Object.keys(filter).length > 0
  const total = isFiltered ? (data?.meta.results.total ?? 0) : one.meta.errors
  const isStale = query.isPlaceholderData && (isFiltered || data?.meta.page.offset !== offset)
  return (
    <>
      <ErrorFilters one={one} features={features} types={types} />
      {error && <Failure error={error} onRetry={() => query.refetch()} />}
      {data?.data.length === 0 && isFiltered ? (
        <Empty title="No errors match">
          <button type="button" className="link-button" onClick={clear}>
            Show all errors
          </button>
        </Empty>
      ) : (
        !(error && !data) && (
          <DataTable
            label="Errors by line"
            columns={[
              ...columnsOf(one, types),
              ...(features.hasRejected ? [lineColumn(isOpen, toggle)] : []),
            ]}
            rows={data?.data}
            rowKey={({ id }) => id}
            expectedRows={Math.min(one.meta.errors - offset, PAGE_LENGTH)}
            isStale={isStale}
            below={({ id, meta }) =>
              isOpen(id) ? (
                <Line importId={one.id} line={meta.line_number} canCorrect={canBeCorrected(one, features)} />
              ) : undefined
            }
          />
        )
      )}
      <Paging
        what="errors"
        offset={offset}
        total={total}
        onChange={(changed) => address.set({ offset: changed })}
      />
    </>
  )
}

const lineColumn = (
  isOpen: (key: string) => boolean,
  toggle: (key: string) => void,
): Column<ImportError> => ({
  header: 'The line itself',
  width: '8rem',
  isHeaderHidden: true,
  cell: ({ id, meta }) => <ShowLine line={meta.line_number} isOpen={isOpen(id)} onClick={() => toggle(id)} />,
})

const columnsOf = (one: Import, types: readonly ListedType[]): Column<ImportError>[] => [
  { header: 'Line', width: '5rem', isNumber: true, cell: ({ meta }) => number(meta.line_number) },
  { header: 'Field', width: '13rem', cell: ({ meta }) => <Field path={meta.field} /> },
  {
    header: 'Problem',
    cell: ({ meta }) => (
      <>
        <span className="break">{visible(meta.error)}</span>
        <UsedBy one={one} error={meta} types={types} />
        {meta.value !== undefined && (
          <div className="quiet break short">
            It is <code>{visible(meta.value)}</code>
          </div>
        )}
      </>
    ),
  },
  {
    header: 'Reference',
    width: '12rem',
    cell: ({ meta }) => (
      <span className="break short">
        {meta.external_ref === undefined ? '–' : visible(meta.external_ref)}
      </span>
    ),
  },
]
