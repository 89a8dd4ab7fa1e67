import { Select, Text } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { type Attribute, type ListedType, type RecordType, type Schema, useService } from '../api/document'
import { listRecords, SEARCHABLE, type StoredRecord } from '../api/records'
import { capitalized, label, visible } from '../format'
import { useAddress } from '../ui/address'
import { type Column, DataTable } from '../ui/data-table'
import { TextLink } from '../ui/link'
import { Page } from '../ui/page'
import { LIST_MAX_OFFSET, Paging } from '../ui/paging'
import { SearchInput } from '../ui/search-input'
import { Empty, Failure } from '../ui/states'
import { Value } from '../ui/value'
import { NotFoundPage } from './not-found'

/** The records of one type. `list`: the name of its list; undefined: that of the first type. */
export function RecordsPage({ list }: { readonly list: string | undefined }) {
  const { data: service, error, refetch } = useService()
  const type =
    list === undefined ? service?.recordTypes[0] : service?.recordTypes.find((one) => one.list === list)
  if (service && !type) return <NotFoundPage />
  return (
    <Page title={type ? capitalized(type.list) : 'Records'}>
      {error && <Failure error={error} onRetry={() => refetch()} />}
      <nav className="tabs" aria-label="Types of records">
        {service?.recordTypes.map((one) => (
          <Link
            key={one.type}
            href={`/records/${one.list}`}
            className="tab"
            aria-current={one === type ? 'page' : undefined}
          >
            {capitalized(one.list)}
          </Link>
        ))}
      </nav>
      {type && <Records key={type.type} type={type} />}
    </Page>
  )
}

function Records({ type }: { readonly type: ListedType }) {
  const address = useAddress()
  const { offset } = address
  const text = address.get('text')
  const by = SEARCHABLE.find((one) => one === address.get('by')) ?? 'name'
  const records = useQuery({
    queryKey: ['records', type.list, { by, text, offset }],
    queryFn: () => listRecords({ list: type.list, by, text, offset }),
    placeholderData: keepPreviousData,
  })
  const { data, error } = records
  const columns: Column<StoredRecord>[] = [
    {
      header: 'Name',
      width: '22%',
      cell: ({ id, attributes }) => (
        <TextLink href={`/records/${type.list}/${id}`} fw={600} className="break short">
          {visible(String(attributes.name ?? id))}
        </TextLink>
      ),
    },
    ...columnsOf(type).map((attribute) => columnOf(attribute)),
  ]
  return (
    <>
      <Filters by={by} text={text} />
      {error && <Failure error={error} onRetry={() => records.refetch()} />}
      {data?.data.length === 0 ? (
        <NoRecords
          list={type.list}
          isSearched={text !== ''}
          offset={offset}
          showAll={() => address.set({ text: '', offset: 0 })}
        />
      ) : (
        !(error && !data) && (
          <DataTable
            label={`${capitalized(type.list)}, newest first`}
            columns={columns}
            rows={data?.data}
            rowKey={({ id }) => id}
            isStale={records.isPlaceholderData}
          />
        )
      )}
      {data && (
        <Paging
          what={type.list}
          offset={offset}
          total={data.meta.results.total}
          maxOffset={LIST_MAX_OFFSET}
          onChange={(changed) => address.set({ offset: changed })}
        />
      )}
    </>
  )
}

interface FiltersProps {
  readonly by: (typeof SEARCHABLE)[number]
  readonly text: string
}

function Filters({ by, text }: FiltersProps) {
  const address = useAddress()
  return (
    <div className="filters">
      <Select
        label="Search by"
        data={SEARCHABLE.map((value) => ({ value, label: label(value) }))}
        value={by}
        allowDeselect={false}
        onChange={(value) => address.set({ by: value === 'name' ? '' : (value ?? ''), offset: 0 })}
      />
      <SearchInput
        label="Search for"
        description={`Part of a ${by === 'name' ? 'name' : 'reference'} is enough`}
        value={text}
        onChange={(value) => address.set({ text: value, offset: 0 }, { replace: true })}
      />
    </div>
  )
}

interface NoRecordsProps {
  readonly list: string
  readonly isSearched: boolean
  readonly offset: number
  showAll(): void
}

function NoRecords({ list, isSearched, offset, showAll }: NoRecordsProps) {
  if (!isSearched && offset === 0) {
    return (
      <Empty title={`There are no ${list} yet`}>
        <Text>
          Records come from imports. <TextLink href="/new">New import</TextLink>
        </Text>
      </Empty>
    )
  }
  return (
    <Empty title={offset === 0 ? `No ${list} match` : 'No results on this page'}>
      <button type="button" className="link-button" onClick={showAll}>
        Show all {list}
      </button>
    </Empty>
  )
}

/** An object whose contents the document does not describe: no column can show it. */
const isOpen = ({ type, properties, additionalProperties }: Schema): boolean =>
  type === 'object' && additionalProperties === true && Object.keys(properties ?? {}).length === 0

/** How many attributes a list shows beside name, reference and age. */
const MAX_COLUMNS = 4

/**
 * The columns of a type's list: required attributes come first. Long texts and addresses are only on a
 * record's own page.
 */
export function columnsOf({ attributes }: RecordType): Attribute[] {
  const by = (name: string) => attributes.filter((attribute) => attribute.name === name)
  const others = attributes.filter(
    ({ name, schema }) =>
      !['name', 'external_ref', 'description'].includes(name) &&
      schema.format !== 'uri' &&
      schema.format !== 'date-time' &&
      !isOpen(schema),
  )
  const required = others.filter(({ isRequired }) => isRequired)
  const optional = others.filter(({ isRequired }) => !isRequired)
  return [...by('external_ref'), ...[...required, ...optional].slice(0, MAX_COLUMNS), ...by('created_at')]
}

/** A column that shows an attribute. `of`: where its value is. */
export function columnOf(
  attribute: Attribute,
  of: (record: StoredRecord) => unknown = ({ attributes }) => attributes[attribute.name],
): Column<StoredRecord> {
  const { name, schema } = attribute
  return {
    header: label(name),
    isNumber: schema.type === 'integer' || schema.type === 'number',
    cell: (record) => <Value attribute={attribute} value={of(record)} />,
  }
}
