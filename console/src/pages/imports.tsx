import { Select, Text } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { isComplete, isUnderWay, tallyOf } from '../../../src/imports/resource/outcome'
import { IMPORT_STATUSES, type ImportStatus } from '../../../src/imports/terms'
import { counted, number } from '../../../src/text/numbers'
import { type Import, listImports } from '../api/imports'
import { bytes, visible } from '../format'
import { nameOf } from '../imports'
import { useAddress } from '../ui/address'
import { type Column, DataTable } from '../ui/data-table'
import { ButtonLink, TextLink } from '../ui/link'
import { Page } from '../ui/page'
import { LIST_MAX_OFFSET, Paging } from '../ui/paging'
import { SearchInput } from '../ui/search-input'
import { Empty, Failure } from '../ui/states'
import { StatusBadge } from '../ui/status-badge'
import { TallyBar } from '../ui/tally-bar'
import { RelativeTime } from '../ui/time'

const STATUS_NAMES: Readonly<Record<ImportStatus, string>> = {
  pending: 'Waiting',
  started: 'Running',
  success: 'Finished',
  failed: 'Failed or canceled',
}

/** The refetch interval while an import is under way, and otherwise: others may import too. */
const BUSY_MS = 1000
const QUIET_MS = 5000

/** The live list of imports, newest first. */
export function ImportsPage() {
  const address = useAddress()
  const { offset } = address
  const reference = address.get('reference')
  const status = IMPORT_STATUSES.find((one) => one === address.get('status'))
  const imports = useQuery({
    queryKey: ['imports', { status, reference, offset }],
    queryFn: () => listImports({ status, reference, offset }),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => (state.data?.data.some(isUnderWay) ? BUSY_MS : QUIET_MS),
  })
  const { data, error } = imports
  const isFiltered = status !== undefined || reference !== ''
  const isEmpty = data?.data.length === 0
  return (
    <Page title="Imports" actions={<ButtonLink href="/new">New import</ButtonLink>}>
      <div className="filters">
        <Select
          label="Status"
          data={IMPORT_STATUSES.map((value) => ({ value, label: STATUS_NAMES[value] }))}
          value={status ?? null}
          placeholder="All"
          clearable
          clearButtonProps={{ 'aria-label': 'Show all statuses' }}
          onChange={(value) => address.set({ status: value ?? '', offset: 0 })}
        />
        <SearchInput
          label="Reference"
          description="Part of a reference is enough"
          value={reference}
          onChange={(value) => address.set({ reference: value, offset: 0 }, { replace: true })}
        />
      </div>
      {error && <Failure error={error} onRetry={() => imports.refetch()} />}
      {isEmpty ? (
        <Nothing
          isFiltered={isFiltered}
          isPastEnd={offset > 0}
          showAll={() => address.set({ status: '', reference: '', offset: 0 })}
        />
      ) : (
        !(error && !data) && (
          <DataTable
            label="Imports, newest first"
            columns={COLUMNS}
            rows={data?.data}
            rowKey={({ id }) => id}
            isStale={imports.isPlaceholderData}
          />
        )
      )}
      {data && (
        <Paging
          what="imports"
          offset={offset}
          total={data.meta.results.total}
          maxOffset={LIST_MAX_OFFSET}
          onChange={(changed) => address.set({ offset: changed })}
        />
      )}
    </Page>
  )
}

const COLUMNS: readonly Column<Import>[] = [
  {
    header: 'Import',
    cell: (one) => (
      <>
        <TextLink href={`/imports/${one.id}`} fw={600} className="break short">
          {nameOf(one)}
        </TextLink>
        <Text size="xs" className="quiet break short">
          {one.attributes.external_ref !== undefined &&
            one.meta.file.name !== undefined &&
            `${visible(one.meta.file.name)}, `}
          {bytes(one.meta.file.bytes)}, {counted(one.meta.file.lines, 'line')}
        </Text>
      </>
    ),
  },
  { header: 'Status', width: '13rem', cell: (one) => <StatusBadge one={one} /> },
  {
    header: 'Imported',
    width: '15rem',
    cell: (one) => {
      const tally = tallyOf(one.meta.records)
      return (
        <div className="tally">
          <Text size="sm" className="numbers">
            {number(tally.imported)} of {number(tally.uploaded)}
          </Text>
          <TallyBar tally={tally} isRestRejected={isComplete(one)} />
        </div>
      )
    },
  },
  { header: 'Errors', width: '6rem', isNumber: true, cell: ({ meta }) => number(meta.errors) },
  {
    header: 'Age',
    width: '9rem',
    isNumber: true,
    cell: ({ meta }) => <RelativeTime time={meta.timestamps.created_at} />,
  },
]

interface NothingProps {
  readonly isFiltered: boolean
  readonly isPastEnd: boolean
  showAll(): void
}

function Nothing({ isFiltered, isPastEnd, showAll }: NothingProps) {
  if (isFiltered || isPastEnd) {
    return (
      <Empty title={isPastEnd ? 'No results on this page' : 'No imports match'}>
        <button type="button" className="link-button" onClick={showAll}>
          Show all imports
        </button>
      </Empty>
    )
  }
  return (
    <Empty title="Nothing imported yet">
      <Text>
        Choose a file and see the result for each line. <TextLink href="/new">New import</TextLink>
      </Text>
    </Empty>
  )
}
