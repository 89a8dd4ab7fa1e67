import { Badge, Text } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { type Delivery, listDeliveries } from '../api/access'
import { visible } from '../format'
import { type Column, DataTable } from '../ui/data-table'
import { TextLink } from '../ui/link'
import { LIST_MAX_OFFSET, Paging } from '../ui/paging'
import { Failure } from '../ui/states'
import { RelativeTime } from '../ui/time'

const REFRESH_MS = 1000

/** What was sent to a webhook and what was answered; kept up to date while something waits. */
export function Deliveries({ webhookId }: { readonly webhookId: string }) {
  const [offset, setOffset] = useState(0)
  const { data, error, refetch } = useQuery({
    queryKey: ['deliveries', webhookId, offset],
    queryFn: () => listDeliveries(webhookId, offset),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) =>
      state.data?.data.some(({ attributes }) => attributes.status === 'waiting') ? REFRESH_MS : false,
  })
  if (error) return <Failure error={error} onRetry={() => refetch()} />
  if (data?.data.length === 0) return <Text className="quiet">Nothing has been sent to it yet.</Text>
  return (
    <>
      <DataTable
        label="Messages, newest first"
        columns={columns}
        rows={data?.data}
        rowKey={({ id }) => id}
        expectedRows={2}
      />
      {data && (
        <Paging
          what="messages"
          offset={offset}
          total={data.meta.results.total}
          maxOffset={LIST_MAX_OFFSET}
          onChange={setOffset}
        />
      )}
    </>
  )
}

const STATUSES = {
  waiting: { text: 'Waiting', color: 'gray' },
  delivered: { text: 'Delivered', color: 'teal' },
  failed: { text: 'Failed', color: 'red' },
} as const

const columns: readonly Column<Delivery>[] = [
  {
    header: 'About',
    cell: ({ meta: { import_id } }) =>
      import_id === undefined ? 'a test' : <TextLink href={`/imports/${import_id}`}>an import</TextLink>,
  },
  {
    header: 'Status',
    cell: ({ attributes: { status } }) => (
      <span className="badges">
        <Badge color={STATUSES[status].color} variant="light">
          {STATUSES[status].text}
        </Badge>
      </span>
    ),
  },
  { header: 'Attempts', isNumber: true, cell: ({ attributes }) => attributes.attempts },
  {
    header: 'Last answer',
    width: '36%',
    cell: ({ attributes: { answer } }) =>
      answer === undefined ? (
        <span className="quiet">–</span>
      ) : (
        <span className="break short">{visible(answer)}</span>
      ),
  },
  { header: 'Created', cell: ({ meta }) => <RelativeTime time={meta.timestamps.created_at} /> },
]
