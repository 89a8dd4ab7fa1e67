import { Button, Select, Text } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { useService } from '../api/document'
import type { StoredRecord } from '../api/record'
import type { ListedType } from '../api/record-types'
import { exportRecords, listRecords, type RecordsQuery } from '../api/records'
import { capitalized, label, phrase, visible } from '../format'
import { save } from '../save'
import { type Address, useAddress } from '../ui/address'
import { type Column, DataTable } from '../ui/data-table'
import { ButtonLink, TextLink } from '../ui/link'
import { Page } from '../ui/page'
import { LIST_MAX_OFFSET, Paging } from '../ui/paging'
import { SearchInput } from '../ui/search-input'
import { Empty, Failure } from '../ui/states'
import { useAction } from '../ui/use-action'
import { NotFoundPage } from './not-found'
import { columnsOf } from './record-columns'

/** The records of one type. `list`: the name of its list; undefined: that of the first type. */
export function RecordsPage({ list }: { readonly list: string | undefined }) {
  const { data: service, error, refetch } = useService()
  const type =
    list === undefined ? service?.recordTypes[0] : service?.recordTypes.find((one) => one.list === list)
  if (service && !type) return <NotFoundPage />
  return (
    <Page
      title={type ? capitalized(type.list) : 'Records'}
      actions={type?.creation && <ButtonLink href={`/records/${type.list}/new`}>New {type.noun}</ButtonLink>}
    >
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
  const by = type.searchable.find((one) => one === address.get('by')) ?? DEFAULT_SEARCH
  const chosen = chosenOf(type, address)
  const query = { list: type.list, by, text, chosen, offset }
  const records = useQuery({
    queryKey: ['records', query],
    queryFn: () => listRecords(query),
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
    ...columnsOf(type),
  ]
  return (
    <>
      <Filters type={type} by={by} text={text} chosen={chosen} />
      <Export query={query} />
      {error && <Failure error={error} onRetry={() => records.refetch()} />}
      {data?.data.length === 0 ? (
        <NoRecords
          list={type.list}
          isSearched={text !== '' || Object.keys(chosen).length > 0}
          offset={offset}
          showAll={() =>
            address.set({
              ...Object.fromEntries(type.choices.map(({ name }) => [name, ''])),
              text: '',
              offset: 0,
            })
          }
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

/** The attribute that is searched unless another one is chosen. */
const DEFAULT_SEARCH = 'name'

/** The values that the list is filtered by, from the page's address. */
function chosenOf({ choices }: ListedType, address: Address): Readonly<Record<string, string>> {
  return Object.fromEntries(
    choices.flatMap(({ name, values }) => {
      const value = values.find((one) => one === address.get(name))
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

interface FiltersProps {
  readonly type: ListedType
  readonly by: string
  readonly text: string
  readonly chosen: Readonly<Record<string, string>>
}

function Filters({ type, by, text, chosen }: FiltersProps) {
  const address = useAddress()
  return (
    <div className="filters">
      <Select
        label="Search by"
        data={type.searchable.map((value) => ({ value, label: label(value) }))}
        value={by}
        allowDeselect={false}
        onChange={(value) => address.set({ by: value === DEFAULT_SEARCH ? '' : (value ?? ''), offset: 0 })}
      />
      <SearchInput
        label="Search for"
        description="A part of it is enough"
        value={text}
        onChange={(value) => address.set({ text: value, offset: 0 }, { replace: true })}
      />
      {type.choices.map(({ name, values }) => (
        <Select
          key={name}
          label={label(name)}
          data={values.map((value) => ({ value, label: capitalized(value) }))}
          value={chosen[name] ?? null}
          placeholder="All"
          clearable
          clearButtonProps={{ 'aria-label': `Clear the ${phrase(name)}` }}
          onChange={(value) => address.set({ [name]: value ?? '', offset: 0 })}
        />
      ))}
    </div>
  )
}

/** The own ones of those that match, as a file that can be imported. */
function Export({ query }: { readonly query: RecordsQuery }) {
  const download = useAction({
    mutationFn: () => exportRecords(query),
    onSuccess: (blob) => save(blob, `${query.list}.jsonl`),
  })
  const isFiltered = query.text !== '' || Object.keys(query.chosen).length > 0
  return (
    <div className="export">
      <Button size="xs" variant="default" loading={download.isPending} onClick={() => download.mutate()}>
        {isFiltered ? 'Export those that match' : 'Export all'}
      </Button>
      <span className="quiet">as a JSON Lines file that can be imported again</span>
      {download.error && <Failure error={download.error} />}
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
