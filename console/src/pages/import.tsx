import { Alert, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { isUnderWay, linesWithoutRecord, outcomeOf } from '../../../src/imports/resource/outcome'
import { forReading, useService } from '../api/document'
import { getImport, type Import } from '../api/imports'
import { isPassing } from '../api/request'
import { isBeingUndone, nameOf, summaryOf } from '../imports'
import { useIsOwn } from '../session'
import { TextLink } from '../ui/link'
import { Page } from '../ui/page'
import { Failure } from '../ui/states'
import { StatusBadge } from '../ui/status-badge'
import { Actions } from './import/actions'
import { ByType } from './import/by-type'
import { Changes } from './import/changes'
import { Details } from './import/details'
import { ImportErrors } from './import/errors'
import { RunningProgress } from './import/progress'
import { Relations } from './import/relations'
import { UndoneState } from './import/undo-state'
import { Warnings } from './import/warnings'

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
      return data && (isUnderWay(data) || isBeingUndone(data)) ? RUNNING_MS : QUIET_MS
    },
  })
  const service = useService()
  const { data: one } = query
  const isOwn = useIsOwn(one?.meta.owner ?? 'store')
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
  const { recordTypes } = service.data
  const features = isOwn ? service.data.features : forReading(service.data.features)
  return (
    <Page
      key="one"
      title={nameOf(one)}
      above={back}
      beside={<StatusBadge one={one} size="lg" />}
      actions={<Actions one={one} features={features} />}
    >
      {error && <Failure error={error} onRetry={retry} />}
      <Outcome one={one} isAway={query.error !== null} />
      <Relations one={one} />
      <UndoneState one={one} types={recordTypes} />
      <ByType one={one} features={features} types={recordTypes} />
      {features.hasWarnings && <Warnings one={one} />}
      {features.hasChanges && <Changes one={one} types={recordTypes} />}
      <ImportErrors one={one} features={features} types={recordTypes} />
      <Details one={one} />
    </Page>
  )
}

interface OutcomeProps {
  readonly one: Import
  /** Whether the service does not answer. */
  readonly isAway: boolean
}

function Outcome({ one, isAway }: OutcomeProps) {
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
      <RunningProgress one={one} isAway={isAway} />
      {failure && (
        <Alert color={failure.reason === 'canceled' ? 'gray' : 'red'} variant="light" mt="md">
          {failure.detail}
        </Alert>
      )}
    </section>
  )
}
