import { Alert, Button, Group, Modal, Progress, Text, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useEffect, useState } from 'react'
import { useLocation } from 'wouter'
import {
  isComplete,
  isUnderWay,
  linesWithoutRecord,
  outcomeOf,
  tallyOf,
  tallyOfType,
} from '../../../src/imports/resource/outcome'
import { number } from '../../../src/text/numbers'
import { type Features, type RecordType, useService } from '../api/document'
import { type Command, command, type Download, download, getImport, type Import } from '../api/imports'
import { isPassing } from '../api/request'
import { bytes, capitalized, duration, exactTime, percent, visible } from '../format'
import { processed, summaryOf } from '../imports'
import { save } from '../save'
import { type Column, DataTable } from '../ui/data-table'
import { ButtonLink, TextLink } from '../ui/link'
import { Page } from '../ui/page'
import { Failure } from '../ui/states'
import { StatusBadge } from '../ui/status-badge'
import { TallyBar } from '../ui/tally-bar'
import { RelativeTime } from '../ui/time'
import { rehearsedFile, startUpload, useUpload } from '../upload'
import { ImportErrors } from './import-errors'
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
      <Facts one={one} />
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

/** Its progress, and then how it ended: in the same place, so that nothing below moves. */
function RunningProgress({ one }: { readonly one: Import }) {
  const rate = useRate(one)
  const tally = tallyOf(one.meta.records)
  const { uploaded } = tally
  const done = processed(one)
  const share = uploaded === 0 ? 0 : done / uploaded
  const { started_at, finished_at } = one.meta.timestamps
  const isRunning = one.attributes.status === 'started'
  const words = []
  if (isRunning) words.push(percent(share))
  if (isRunning && rate) {
    words.push(`${number(Math.round(rate))} records a second`)
    if (done < uploaded) words.push(`about ${duration(((uploaded - done) / rate) * 1000)} left`)
  }
  if (started_at !== undefined && finished_at !== undefined) {
    words.push(`It took ${duration(Date.parse(finished_at) - Date.parse(started_at))}.`)
  }
  return (
    <>
      {isUnderWay(one) ? (
        <Progress
          className="running-bar"
          value={share * 100}
          color="blue"
          animated={isRunning}
          aria-label="Records processed"
        />
      ) : (
        <TallyBar tally={tally} isRestRejected={isComplete(one)} isLarge />
      )}
      <Text size="sm" mt={6} className="numbers quiet one-line">
        {words.join(' · ')}
      </Text>
    </>
  )
}

/** The time over which the rate is averaged. */
const RATE_MS = 5000

/** The recent rate in records a second; undefined while unknown. */
function useRate(one: Import): number | undefined {
  const [samples, setSamples] = useState<readonly { readonly at: number; readonly done: number }[]>([])
  useEffect(() => {
    if (one.attributes.status !== 'started') return setSamples([])
    const at = performance.now()
    setSamples((before) => [
      ...before.filter((sample) => at - sample.at < RATE_MS),
      { at, done: processed(one) },
    ])
  }, [one])
  const [first] = samples
  const last = samples.at(-1)
  if (!first || !last || last.at - first.at < RATE_MS / 10 || last.done <= first.done) return undefined
  return ((last.done - first.done) / (last.at - first.at)) * 1000
}

interface ActionsProps {
  readonly one: Import
  readonly features: Features
}

function Actions({ one, features }: ActionsProps) {
  const isOver = !isUnderWay(one)
  const isFailed = one.attributes.status === 'failed'
  const isRejectedWhole = one.meta.failure?.reason === 'all_rejected'
  return (
    <>
      {one.meta.dry_run && isOver && <RunForReal one={one} />}
      {features.canCancel && !isOver && <Cancel one={one} />}
      {features.canRetry && isFailed && !isRejectedWhole && !one.meta.dry_run && <Retry one={one} />}
      {features.hasResults && isOver && !one.meta.dry_run && tallyOf(one.meta.records).imported > 0 && (
        <DownloadButton one={one} what="results" text="Download imported IDs" />
      )}
      {features.hasRejected && isOver && one.meta.errors > 0 && (
        <DownloadButton one={one} what="rejected" text="Download rejected lines" />
      )}
    </>
  )
}

function useCommand(one: Import, what: Command) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: () => command(one.id, what),
    onSuccess: (changed) => queryClient.setQueryData(['import', one.id], changed),
    // It may just have ended.
    onError: () => queryClient.invalidateQueries({ queryKey: ['import', one.id] }),
  })
}

function Cancel({ one }: { readonly one: Import }) {
  const [isAsked, setAsked] = useState(false)
  const cancel = useCommand(one, 'cancel')
  const name = one.meta.dry_run ? 'rehearsal' : 'import'
  return (
    <>
      <Button variant="default" onClick={() => setAsked(true)}>
        Cancel {name}
      </Button>
      {/* Without the library's header, which would be a second banner on the page. */}
      <Modal.Root opened={isAsked} onClose={() => setAsked(false)} lockScroll={false} centered>
        <Modal.Overlay />
        <Modal.Content aria-label={`Cancel this ${name}?`}>
          <Modal.Body>
            <Title order={2} mb="sm">
              Cancel this {name}?
            </Title>
            <Text>
              {one.meta.dry_run
                ? 'A rehearsal adds nothing, so nothing is lost.'
                : 'What has been imported stays. The rest is not imported; you can resume later from where it stopped.'}
            </Text>
            {cancel.error && <Failure error={cancel.error} />}
            <Group mt="lg" justify="flex-end">
              <Button variant="default" onClick={() => setAsked(false)} data-autofocus>
                Keep it running
              </Button>
              <Button
                color="red"
                loading={cancel.isPending}
                onClick={() => cancel.mutate(undefined, { onSuccess: () => setAsked(false) })}
              >
                Cancel {name}
              </Button>
            </Group>
          </Modal.Body>
        </Modal.Content>
      </Modal.Root>
    </>
  )
}

function Retry({ one }: { readonly one: Import }) {
  const retry = useCommand(one, 'retry')
  return (
    <>
      <Button loading={retry.isPending} onClick={() => retry.mutate()}>
        Resume
      </Button>
      {retry.error && <Failure error={retry.error} />}
    </>
  )
}

/** Posts the rehearsed file again if the page still has it, else asks for it. */
function RunForReal({ one }: { readonly one: Import }) {
  const [, navigate] = useLocation()
  const file = rehearsedFile(one.id)
  const isSending = useUpload()?.status === 'sending'
  const externalRef = one.attributes.external_ref ?? ''
  const onConflict = one.meta.on_conflict ?? 'reject'
  if (!file) {
    const query = new URLSearchParams({ again: one.id, external_ref: externalRef, on_conflict: onConflict })
    return <ButtonLink href={`/new?${query}`}>Run it for real</ButtonLink>
  }
  return (
    <Button
      disabled={isSending}
      title={isSending ? 'Another file is being sent.' : undefined}
      onClick={() => {
        startUpload(file, { externalRef, onConflict, isRehearsal: false })
        navigate('/new')
      }}
    >
      Run it for real
    </Button>
  )
}

function DownloadButton({
  one,
  what,
  text,
}: {
  readonly one: Import
  readonly what: Download
  readonly text: string
}) {
  const name = `${one.attributes.external_ref ?? one.id}-${what}.jsonl`
  const mutation = useMutation({
    mutationFn: () => download(one.id, what),
    onSuccess: (blob) => save(blob, name),
  })
  return (
    <>
      <Button variant="default" loading={mutation.isPending} onClick={() => mutation.mutate()}>
        {text}
      </Button>
      {mutation.error && <Failure error={mutation.error} />}
    </>
  )
}

function ByType({
  one,
  types,
}: {
  readonly one: Import
  readonly types: readonly (RecordType & { list: string })[]
}) {
  const isOver = isComplete(one)
  const hasSkipped = one.meta.records.skipped !== undefined
  const rest = isOver ? 'Rejected' : isUnderWay(one) ? 'Remaining' : 'Not imported'
  const columns: Column<RecordType & { list: string }>[] = [
    {
      header: 'Type',
      width: '9rem',
      cell: ({ list }) =>
        one.meta.dry_run ||
        tallyOfType(one.meta.records, types.find((type) => type.list === list)?.type ?? '').imported === 0 ? (
          capitalized(list)
        ) : (
          <TextLink href={`/records/${list}`}>{capitalized(list)}</TextLink>
        ),
    },
    {
      header: 'Share',
      cell: ({ type }) => <TallyBar tally={tallyOfType(one.meta.records, type)} isRestRejected={isOver} />,
    },
    {
      header: 'In the file',
      width: '7rem',
      isNumber: true,
      cell: ({ type }) => number(tallyOfType(one.meta.records, type).uploaded),
    },
    {
      header: one.meta.dry_run ? 'Good' : 'Imported',
      width: '7rem',
      isNumber: true,
      cell: ({ type }) => number(tallyOfType(one.meta.records, type).imported),
    },
    ...(hasSkipped
      ? [
          {
            header: 'Skipped',
            width: '7rem',
            isNumber: true,
            cell: ({ type }: RecordType) => number(tallyOfType(one.meta.records, type).skipped),
          },
        ]
      : []),
    {
      header: rest,
      width: '8rem',
      isNumber: true,
      cell: ({ type }) => number(tallyOfType(one.meta.records, type).rest),
    },
  ]
  return (
    <section className="section">
      <Title order={2}>Records by type</Title>
      <DataTable label="Records by type" columns={columns} rows={types} rowKey={({ type }) => type} />
    </section>
  )
}

function Facts({ one }: { readonly one: Import }) {
  const { file, timestamps, on_conflict } = one.meta
  const { external_ref } = one.attributes
  return (
    <section className="section">
      <Title order={2}>Details</Title>
      <dl className="facts">
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
      </dl>
    </section>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
