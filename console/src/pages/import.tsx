import { Alert, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { isUnderWay, linesWithoutRecord, outcomeOf } from '../../../src/imports/resource/outcome'
import { number } from '../../../src/text/numbers'
import { useService } from '../api/document'
import { getImport, type Import } from '../api/imports'
import { isPassing } from '../api/request'
import { bytes, exactTime, visible } from '../format'
import { summaryOf } from '../imports'
import { Fact, Facts } from '../ui/facts'
import { TextLink } from '../ui/link'
import { Page } from '../ui/page'
import { Failure } from '../ui/states'
import { StatusBadge } from '../ui/status-badge'
import { RelativeTime } from '../ui/time'
import { Actions } from './import-actions'
import { ByType } from './import-by-type'
import { ImportErrors } from './import-errors'
import { RunningProgress } from './import-progress'
import { nameOf } from './imports'

/** The refetch interval while it runs, and otherwise. */
const RUNNING_MS = 400
const QUIET_MS = 5000

/** One import, live. */
export function ImportPage({ id }: { readonly id: string }) {
  const query = useQuery({
    queryKey: ['import', id],
    queryFn: () => getImport(id),
    refetchInterval: ({ state: { data, error } }) => {
      if (error) return isPassing(error) && QUIET_MS
      // An import that has ended may be resumed from elsewhere.
      return data && isUnderWay(data) ? RUNNING_MS : QUIET_MS
    },
  })
  const service = useService()
  const { data: one } = query
  const error = query.error ?? service.error
  const back = <TextLink href="/imports">All imports</TextLink>
  const retry = () => {
    query.refetch()
    if (service.error) service.refetch()
  }
  if (!one || !service.data) {
    return (
      <Page key="none" title="Import" above={back}>
        {error ? (
          <Failure error={error} onRetry={retry} />
        ) : (
          <div className="panel placeholder" aria-busy="true" />
        )}
      </Page>
    )
  }
  const { features, recordTypes } = service.data
  return (
    <Page
      key="one"
      title={nameOf(one)}
      above={back}
      beside={<StatusBadge one={one} size="lg" />}
      actions={<Actions one={one} features={features} />}
    >
      {error && <Failure error={error} onRetry={retry} />}
      <Outcome one={one} />
      <ByType one={one} types={recordTypes} />
      <ImportErrors one={one} features={features} />
      <Details one={one} />
    </Page>
  )
}

function Outcome({ one }: { readonly one: Import }) {
  const { failure } = one.meta
  const without = linesWithoutRecord(outcomeOf(one))
  return (
    <section className="panel outcome" aria-label="Outcome">
      {/* Announced when it has ended; until then the changing numbers would be read out endlessly. */}
      <div aria-live={isUnderWay(one) ? 'off' : 'polite'}>
        <Text size="lg" fw={600} className="numbers">
          {summaryOf(one)}
        </Text>
      </div>
      {without !== undefined && (
        <Text size="sm" className="quiet">
          {without}
        </Text>
      )}
      <RunningProgress one={one} />
      {failure && (
        <Alert color={failure.reason === 'canceled' ? 'gray' : 'red'} variant="light" mt="md">
          {failure.detail}
        </Alert>
      )}
    </section>
  )
}

function Details({ one }: { readonly one: Import }) {
  const { file, timestamps, on_conflict } = one.meta
  const { external_ref } = one.attributes
  return (
    <section className="section">
      <Title order={2}>Details</Title>
      <Facts>
        {external_ref !== undefined && <Fact name="Reference">{visible(external_ref)}</Fact>}
        <Fact name="File">
          {bytes(file.bytes)}, {number(file.lines)} {file.lines === 1 ? 'line' : 'lines'}
        </Fact>
        <Fact name="SHA-256 of the file">
          <code>{file.sha256}</code>
        </Fact>
        {on_conflict && on_conflict !== 'reject' && (
          <Fact name="Existing records">{on_conflict === 'skip' ? 'are skipped' : 'are updated'}</Fact>
        )}
        <Fact name="Received">
          {exactTime(timestamps.created_at)} (<RelativeTime time={timestamps.created_at} />)
        </Fact>
        {timestamps.started_at !== undefined && (
          <Fact name="Started">{exactTime(timestamps.started_at)}</Fact>
        )}
        {timestamps.finished_at !== undefined && (
          <Fact name="Finished">{exactTime(timestamps.finished_at)}</Fact>
        )}
        <Fact name="ID">
          <code>{one.id}</code>
        </Fact>
      </Facts>
    </section>
  )
}
