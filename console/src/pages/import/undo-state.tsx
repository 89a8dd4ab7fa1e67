import { Alert, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { counted, number } from '../../../../src/text/numbers'
import { type Import, type Kept, listKept, type UndoState } from '../../api/imports'
import type { ListedType } from '../../api/record-types'
import { exactTime, typeName, visible } from '../../format'
import { type Column, DataTable } from '../../ui/data-table'
import { Failure } from '../../ui/states'
import { sumOf, undoSentences } from '../../undo'
import { DownloadButton } from './download'
import { FirstRows } from './first-rows'
import { RecordLink } from './record-link'

interface UndoneProps {
  readonly one: Import
  readonly types: readonly ListedType[]
}

/** The undo of an import: how far it is, and what it left. */
export function UndoneState({ one, types }: UndoneProps) {
  const { undo } = one.meta
  if (undo === undefined) return null
  const kept = sumOf(undo.kept)
  return (
    <section className="section" aria-label="Undo">
      <Alert
        color={undo.status === 'failed' ? 'red' : 'gray'}
        variant="light"
        title={TITLES[undo.status]}
        // Numbers that change would be read out endlessly.
        aria-live={undo.status === 'started' ? 'off' : 'polite'}
      >
        {undo.status === 'started' && (
          <Text size="sm" className="numbers">
            {counted(sumOf(undo.removed), 'record')} removed and {number(sumOf(undo.restored))} restored so
            far.
          </Text>
        )}
        {undo.status === 'success' && (
          <>
            {undoSentences(undo, 'did').map((sentence) => (
              <Text size="sm" key={sentence}>
                {sentence}
              </Text>
            ))}
            {undo.timestamps.finished_at !== undefined && (
              <Text size="sm" className="quiet">
                {exactTime(undo.timestamps.finished_at)}
              </Text>
            )}
          </>
        )}
        {undo.status === 'failed' && (
          <Text size="sm">
            {undo.failure?.detail} What it did until then stays done. It goes on from there when you undo the
            import once more.
          </Text>
        )}
      </Alert>
      {kept > 0 && undo.status === 'success' && <KeptRecords one={one} types={types} />}
    </section>
  )
}

const TITLES: Readonly<Record<UndoState['status'], string>> = {
  pending: 'The undo waits for its turn',
  started: 'The import is being undone',
  success: 'The import was undone',
  failed: 'The undo failed',
}

function KeptRecords({ one, types }: UndoneProps) {
  const { data, error, refetch } = useQuery({ queryKey: ['kept', one.id], queryFn: () => listKept(one.id) })
  const columns: Column<Kept>[] = [
    { header: 'Record', width: '16rem', cell: (kept) => <RecordLink of={kept} types={types} /> },
    { header: 'Type', width: '9rem', cell: ({ type }) => typeName(type) },
    { header: 'Why it stayed', cell: ({ detail }) => <span className="break">{visible(detail)}</span> },
  ]
  return (
    <section className="section">
      <div className="section-head">
        <Title order={2}>What stayed</Title>
        <DownloadButton one={one} what="kept" text="Download what stayed" />
      </div>
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {!(error && !data) && (
        <DataTable
          label="Records that stayed"
          columns={columns}
          rows={data?.rows}
          rowKey={({ id }) => id}
          expectedRows={1}
        />
      )}
      {data && <FirstRows of={data} what="records that stayed" />}
    </section>
  )
}
