import { useQuery } from '@tanstack/react-query'
import type { Attribute } from '../api/attributes'
import { useService } from '../api/document'
import type { StoredRecord } from '../api/record'
import type { ListedType } from '../api/record-types'
import { getRecord } from '../api/records'
import { capitalized, visible } from '../format'
import { AttributeFact, Fact, Facts } from '../ui/facts'
import { TextLink } from '../ui/link'
import { Page } from '../ui/page'
import { RecordStatus } from '../ui/record-status'
import { Failure } from '../ui/states'
import { NotFoundPage } from './not-found'
import { RecordActions } from './record-actions'
import { CopiedRecord } from './record-copy'
import { Held } from './record-held'
import { Log } from './record-log'

/** One record with all of its attributes, what its `meta` says, and the records that it holds. */
export function RecordPage({ list, id }: { readonly list: string; readonly id: string }) {
  const { data: service, error, refetch } = useService()
  const type = service?.recordTypes.find((one) => one.list === list)
  if (service && !type) return <NotFoundPage />
  if (service && type) return <LoadedType types={service.recordTypes} type={type} id={id} />
  return <Page title="Record">{error && <Failure error={error} onRetry={() => refetch()} />}</Page>
}

interface LoadedTypeProps {
  readonly types: readonly ListedType[]
  readonly type: ListedType
  readonly id: string
}

function LoadedType({ types, type, id }: LoadedTypeProps) {
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
      beside={
        <>
          <span className="quiet">{capitalized(type.noun)}</span>
          <Statuses type={type} record={record} />
        </>
      }
      actions={<RecordActions type={type} record={record} />}
    >
      {error && <Failure error={error} onRetry={() => refetch()} />}
      <Meta type={type} record={record} />
      <Attributes type={type} record={record} />
      {type.copies.map((copy) => (
        <CopiedRecord key={copy.name} copy={copy} record={record} types={types} />
      ))}
      {type.holds.map((held) => (
        <Held key={held.list} held={held} noun={type.noun} records={data.included?.[held.list] ?? []} />
      ))}
      {type.logs.map((log) => (
        <Log key={log.list} holder={type} id={id} log={log} />
      ))}
    </Page>
  )
}

interface PartProps {
  readonly type: ListedType
  readonly record: StoredRecord
}

const isStatus = ({ schema }: Attribute): boolean => schema['x-explained-by'] !== undefined

const Statuses = ({ type, record }: PartProps) =>
  type.facts
    .filter(isStatus)
    .map((fact) => (
      <RecordStatus
        key={fact.name}
        status={String(fact.of(record))}
        reasons={fact.reasonsOf(record)}
        size="lg"
      />
    ))

/** What its `meta` says, without what is said elsewhere on the page. */
function Meta({ type, record }: PartProps) {
  const facts = type.facts.filter(
    (fact) =>
      !isStatus(fact) && fact.schema.type !== 'array' && (fact.isRequired || fact.of(record) !== undefined),
  )
  if (facts.length === 0) return null
  return (
    <section className="section" aria-label="Facts">
      <Facts>
        {facts.map((fact) => (
          <AttributeFact key={fact.name} attribute={fact} record={record} />
        ))}
      </Facts>
    </section>
  )
}

function Attributes({ type, record }: PartProps) {
  return (
    <section className="section" aria-label="Attributes">
      <Facts>
        {type.attributes
          .filter(({ name }) => name !== 'name')
          .map((attribute) => (
            <AttributeFact key={attribute.name} attribute={attribute} record={record} />
          ))}
        <Fact name="ID">
          <code className="break">{record.id}</code>
        </Fact>
        <Fact name="Belongs to">the {String(record.meta.owner)}</Fact>
      </Facts>
    </section>
  )
}
