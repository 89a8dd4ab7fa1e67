import { Button, Text } from '@mantine/core'
import { useState } from 'react'
import { isUnderWay } from '../../../../src/imports/resource/outcome'
import type { Features } from '../../api/document'
import type { Import } from '../../api/imports'
import { nounOf } from '../../imports'
import { Question } from '../../ui/dialog'
import { Failure } from '../../ui/states'
import { RunForReal } from './run'
import { Undo } from './undo'
import { useCommand } from './use-command'

interface ActionsProps {
  readonly one: Import
  readonly features: Features
}

/** What can be done with an import now. */
export function Actions({ one, features }: ActionsProps) {
  const isOver = !isUnderWay(one)
  const canResume =
    one.attributes.status === 'failed' &&
    one.meta.failure?.reason !== 'all_rejected' &&
    !one.meta.dry_run &&
    one.meta.undo === undefined
  return (
    <>
      {features.canRun && one.meta.dry_run && one.attributes.status === 'success' && <RunForReal one={one} />}
      {features.canCancel && !isOver && <Cancel one={one} />}
      {features.canRetry && canResume && <Retry one={one} />}
      {features.canUndo && isOver && !one.meta.dry_run && <Undo one={one} />}
    </>
  )
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
