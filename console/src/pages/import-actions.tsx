import { Button, Group, Modal, Text, Title } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useLocation } from 'wouter'
import { isUnderWay, tallyOf } from '../../../src/imports/resource/outcome'
import type { Features } from '../api/document'
import { type Command, command, type Download, download, type Import } from '../api/imports'
import { save } from '../save'
import { ButtonLink } from '../ui/link'
import { Failure } from '../ui/states'
import { rehearsedFile, startUpload, useUpload } from '../upload'

interface ActionsProps {
  readonly one: Import
  readonly features: Features
}

/** What can be done with an import now. */
export function Actions({ one, features }: ActionsProps) {
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
