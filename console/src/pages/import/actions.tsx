import { Button, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { isUnderWay } from '../../../../src/imports/resource/outcome'
import type { Features } from '../../api/document'
import { type Command, command, type Import } from '../../api/imports'
import { nounOf } from '../../imports'
import { Question } from '../../ui/question'
import { Failure } from '../../ui/states'
import { RunForReal } from './run'
import { Undo } from './undo'

interface ActionsProps {
  readonly one: Import
  readonly features: Features
}

/** What can be done with an import now. */
export function Actions({ one, features }: ActionsProps) {
  const isOver = !isUnderWay(one)
  const { undo } = one.meta
  const canResume =
    one.attributes.status === 'failed' &&
    one.meta.failure?.reason !== 'all_rejected' &&
    !one.meta.dry_run &&
    undo === undefined
  return (
    <>
      {features.canRun && one.meta.dry_run && one.attributes.status === 'success' && <RunForReal one={one} />}
      {features.canCancel && !isOver && <Cancel one={one} />}
      {features.canRetry && canResume && <Retry one={one} />}
      {features.canUndo && isOver && !one.meta.dry_run && <Undo one={one} />}
    </>
  )
}

/** Does something with an import, and shows what became of it. */
export function useCommand(one: Import, what: Exclude<Command, 'run'>) {
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
  const noun = nounOf(one)
  return (
    <>
      <Button variant="default" onClick={() => setAsked(true)}>
        Cancel {noun}
      </Button>
      <Question
        isOpen={isAsked}
        title={`Cancel this ${noun}?`}
        no="Keep it running"
        yes={`Cancel ${noun}`}
        isDangerous
        isBusy={cancel.isPending}
        error={cancel.error}
        onNo={() => setAsked(false)}
        onYes={() => cancel.mutate(undefined, { onSuccess: () => setAsked(false) })}
      >
        <Text>
          {one.meta.dry_run
            ? 'A rehearsal adds nothing, so nothing is lost.'
            : 'What has been imported stays, until you undo it. The rest is not imported; you can resume later from where it stopped.'}
        </Text>
      </Question>
    </>
  )
}

function Retry({ one }: { readonly one: Import }) {
  const retry = useCommand(one, 'retry')
  const isLimited = one.meta.failure?.reason === 'too_many_errors'
  return (
    <>
      <Button loading={retry.isPending} onClick={() => retry.mutate()}>
        {isLimited ? 'Resume without the limit' : 'Resume'}
      </Button>
      {retry.error && <Failure error={retry.error} />}
    </>
  )
}
