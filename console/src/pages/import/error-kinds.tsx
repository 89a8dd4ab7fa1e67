import { Text } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { isUnderWay } from '../../../../src/imports/resource/outcome'
import { counted, number } from '../../../../src/text/numbers'
import { type ErrorKind, listErrorKinds, MAX_KINDS } from '../../api/imports'
import { visible } from '../../format'
import { canBeCorrected } from '../../imports'
import { type Column, DataTable } from '../../ui/data-table'
import { TextLink } from '../../ui/link'
import { Failure } from '../../ui/states'
import { Field } from './field'
import { Line, ShowLine } from './line'
import type { PartProps } from './part'
import { RUNNING_MS, useOpenLines } from './use-open-lines'

/** The errors by kind, with a way to all lines of each. */
export function ErrorKinds({ one, features }: Omit<PartProps, 'types'>) {
  const { isOpen, toggle } = useOpenLines()
  const query = useQuery({
    queryKey: ['error-kinds', one.id, isUnderWay(one)],
    queryFn: () => listErrorKinds(one.id),
    placeholderData: keepPreviousData,
    refetchInterval: isUnderWay(one) && RUNNING_MS,
  })
  const { data, error } = query
  const canListLines = Object.hasOwn(features.errorFilters, 'kind')
  const columns: Column<ErrorKind>[] = [
    {
      header: 'Lines',
      width: '8rem',
      isNumber: true,
      cell: ({ id, meta: { lines } }) =>
        canListLines ? (
          <TextLink href={`/imports/${one.id}?kind=${id}`} className="nowrap">
            {counted(lines, 'line')}
          </TextLink>
        ) : (
          number(lines)
        ),
    },
    { header: 'Field', width: '13rem', cell: ({ meta }) => <Field path={meta.field} /> },
    { header: 'Problem', cell: ({ meta }) => <span className="break">{visible(meta.error)}</span> },
    {
      header: 'First line',
      width: '7rem',
      isNumber: true,
      cell: ({ meta }) => number(meta.first_line_number),
    },
    ...(features.hasRejected
      ? [
          {
            header: 'The line itself',
            width: '8rem',
            isHeaderHidden: true,
            cell: ({ id, meta }: ErrorKind) => (
              <ShowLine line={meta.first_line_number} isOpen={isOpen(id)} onClick={() => toggle(id)} />
            ),
          },
        ]
      : []),
  ]
  if (error && !data) return <Failure error={error} onRetry={() => query.refetch()} />
  return (
    <>
      <DataTable
        label="Errors by kind"
        columns={columns}
        rows={data}
        rowKey={({ id }) => id}
        below={({ id, meta }) =>
          isOpen(id) ? (
            <Line
              importId={one.id}
              line={meta.first_line_number}
              canCorrect={canBeCorrected(one, features)}
            />
          ) : undefined
        }
      />
      {data && data.length >= MAX_KINDS && (
        <Text size="sm" mt="sm" className="quiet">
          These are the {number(MAX_KINDS)} most frequent kinds. “Line by line” lists all errors.
        </Text>
      )}
    </>
  )
}
