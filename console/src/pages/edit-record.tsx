import { Text } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useLocation } from 'wouter'
import { useService } from '../api/document'
import type { StoredRecord } from '../api/record'
import type { Creation, Given, ListedType } from '../api/record-types'
import { changeRecord, createRecord, getRecord } from '../api/records'
import { changeOf, type DraftObject, draftOf, typedValue } from '../form/draft'
import { RecordForm } from '../form/record-form'
import { capitalized, visible } from '../format'
import { TextLink } from '../ui/link'
import { Page } from '../ui/page'
import { Failure } from '../ui/states'
import { NotFoundPage } from './not-found'

/** Creates a record, or changes one. `id`: undefined for a new one. */
export function EditRecordPage({ list, id }: { readonly list: string; readonly id: string | undefined }) {
  const { data: service, error, refetch } = useService()
  const type = service?.recordTypes.find((one) => one.list === list)
  if (service && !type) return <NotFoundPage />
  if (!type) {
    return <Page title="Record">{error && <Failure error={error} onRetry={() => refetch()} />}</Page>
  }
  if (id !== undefined) return <Changes type={type} id={id} />
  return type.creation ? <NewRecord type={type} creation={type.creation} /> : <NotFoundPage />
}

/** Goes to a record once it is written, without what was known of it and of the lists before. */
function useShown({ list }: ListedType) {
  const queryClient = useQueryClient()
  const [, navigate] = useLocation()
  return ({ id }: StoredRecord) => {
    void queryClient.invalidateQueries({ queryKey: ['records'] })
    queryClient.removeQueries({ queryKey: ['record', list, id] })
    // In place of the form, to which "Back" would lead.
    navigate(`/records/${list}/${id}`, { replace: true })
  }
}

function NewRecord({ type, creation }: { readonly type: ListedType; readonly creation: Creation }) {
  const { list, noun } = type
  const fields = requiredFirst(creation.given)
  return (
    <Page title={`New ${noun}`} above={<TextLink href={`/records/${list}`}>All {list}</TextLink>}>
      <RecordForm
        fields={fields}
        start={{}}
        action={`Create ${noun}`}
        back={`/records/${list}`}
        save={(draft) => createRecord(type, creation, attributesOf(fields, draft))}
        onSaved={useShown(type)}
      />
    </Page>
  )
}

/** What people must fill in comes before what they may. */
const requiredFirst = (given: readonly Given[]): Given[] =>
  given.toSorted((a, b) => Number(b.isRequired) - Number(a.isRequired))

const attributesOf = (fields: readonly Given[], draft: DraftObject): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    fields.flatMap(({ name, schema }) => {
      const value = typedValue(schema, draft[name])
      return value === undefined ? [] : [[name, value]]
    }),
  )

function Changes({ type, id }: { readonly type: ListedType; readonly id: string }) {
  const { list, noun } = type
  const { data, error, refetch } = useQuery({
    queryKey: ['record', list, id],
    queryFn: () => getRecord(type, id),
    // What is being typed must not be overwritten by what somebody else has changed.
    staleTime: Number.POSITIVE_INFINITY,
  })
  const record = data?.data
  const name = record ? visible(String(record.attributes.name ?? noun)) : capitalized(noun)
  const back = `/records/${list}/${id}`
  return (
    <Page title={`Change ${name}`} above={<TextLink href={back}>Back to the {noun}</TextLink>}>
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {record && <ChangesForm key={record.id} type={type} record={record} back={back} />}
    </Page>
  )
}

interface ChangesFormProps {
  readonly type: ListedType
  readonly record: StoredRecord
  readonly back: string
}

function ChangesForm({ type, record, back }: ChangesFormProps) {
  const fields = requiredFirst(type.changes)
  const start = Object.fromEntries(
    fields.map(({ name, schema }) => [name, draftOf(schema, record.attributes[name])]),
  )
  return (
    <>
      {fields.some(({ schema }) => schema.writeOnly) && (
        <Text size="sm" className="quiet" mb="md">
          Payment authorities are never shown. One that is left empty stays as it is.
        </Text>
      )}
      <RecordForm
        fields={fields}
        start={start}
        action="Save changes"
        back={back}
        save={(draft) => changeRecord(type, record.id, changesIn(fields, start, draft))}
        onSaved={useShown(type)}
      />
    </>
  )
}

/** Only what was changed, so that what somebody else changes meanwhile stays. */
const changesIn = (
  fields: readonly Given[],
  before: DraftObject,
  after: DraftObject,
): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    fields.flatMap(({ name, schema }) => {
      const [old = '', changed = ''] = [before[name], after[name]]
      if (JSON.stringify(old) === JSON.stringify(changed)) return []
      if (schema.writeOnly && typedValue(schema, changed) === undefined) return []
      return [[name, changeOf(schema, old, changed)]]
    }),
  )
