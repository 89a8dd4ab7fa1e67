import { Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { counted } from '../../../src/text/numbers'
import { type ListedType, type RecordType, useService } from '../api/document'
import { getRecord, type StoredRecord } from '../api/records'
import { capitalized, exactTime, label, visible } from '../format'
import { type Column, DataTable } from '../ui/data-table'
import { TextLink } from '../ui/link'
import { Page } from '../ui/page'
import { Empty, Failure } from '../ui/states'
import { Value } from '../ui/value'
import { NotFoundPage } from './not-found'
import { columnOf, columnsOf } from './records'

/** One record with all of its attributes, and the records that it holds. */
export function RecordPage({ list, id }: { readonly list: string; readonly id: string }) {
  const { data: service, error, refetch } = useService()
  const type = service?.recordTypes.find((one) => one.list === list)
  if (service && !type) return <NotFoundPage />
  if (type) return <LoadedType type={type} id={id} />
  return <Page title="Record">{error && <Failure error={error} onRetry={() => refetch()} />}</Page>
}

function LoadedType({ type, id }: { readonly type: ListedType; readonly id: string }) {
  const { data, error, refetch } = useQuery({
    queryKey: ['record', type.list, id],
    queryFn: () => getRecord(type, id),
  })
  const back = <TextLink href={`/records/${type.list}`}>All {type.list}</TextLink>
  if (!data) {
    return (
      <Page key="none" title={capitalized(type.noun)} above={back}>
        {error ? (
          <Failure error={error} onRetry={() => refetch()} />
        ) : (
          <div className="panel placeholder" aria-busy="true" />
        )}
      </Page>
    )
  }
  const record = data.data
  return (
    <Page
      key="one"
      title={visible(String(record.attributes.name ?? capitalized(type.noun)))}
      above={back}
      beside={<span className="quiet">{capitalized(type.noun)}</span>}
    >
      {error && <Failure error={error} onRetry={() => refetch()} />}
      <Attributes record={record} type={type} />
      {type.holds.map((held) => (
        <Held
          key={held.list}
          list={held.list}
          type={held.type}
          noun={type.noun}
          records={data.included?.[held.list] ?? []}
        />
      ))}
    </Page>
  )
}

function Attributes({ record, type }: { readonly record: StoredRecord; readonly type: RecordType }) {
  return (
    <section className="section" aria-label="Attributes">
      <dl className="facts">
        {type.attributes
          .filter(({ name }) => name !== 'name')
          .map((attribute) => {
            const value = record.attributes[attribute.name]
            const isTime = attribute.schema.format === 'date-time' && typeof value === 'string'
            return (
              <div key={attribute.name}>
                <dt title={attribute.schema.description}>{label(attribute.name)}</dt>
                <dd>
                  {isTime && `${exactTime(value)} (`}
                  <Value attribute={attribute} value={value} />
                  {isTime && ')'}
                </dd>
              </div>
            )
          })}
        <div>
          <dt>ID</dt>
          <dd>
            <code className="break">{record.id}</code>
          </dd>
        </div>
        <div>
          <dt>Belongs to</dt>
          <dd>the {String(record.meta.owner)}</dd>
        </div>
      </dl>
    </section>
  )
}

interface HeldProps {
  readonly list: string
  readonly type: RecordType
  /** The noun for the record that holds them. */
  readonly noun: string
  readonly records: readonly StoredRecord[]
}

/** One list of records that a record holds, with what their `meta` says: the price that a plan has here. */
function Held({ list, type, noun, records }: HeldProps) {
  const columns: Column<StoredRecord>[] = [
    {
      header: 'Name',
      width: '22%',
      cell: ({ attributes }) => <span className="break short">{visible(String(attributes.name ?? ''))}</span>,
    },
    ...columnsOf(type)
      .filter(({ name }) => name !== 'created_at')
      .map((attribute) => columnOf(attribute)),
    ...type.facts.map((fact) => ({
      ...columnOf(fact, ({ meta }) => meta[fact.name]),
      header: `${label(fact.name)} in this ${noun}`,
    })),
  ]
  return (
    <section className="section whole">
      <Title order={2}>
        {records.length === 0 ? capitalized(list) : counted(records.length, list.replace(/s$/, ''), list)}
      </Title>
      {records.length === 0 ? (
        <Empty title={`This ${noun} has no ${list}`} />
      ) : (
        <DataTable label={capitalized(list)} columns={columns} rows={records} rowKey={({ id }) => id} />
      )}
    </section>
  )
}
