import { Button, Text } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useLocation } from 'wouter'
import { tallyOf } from '../../../../src/imports/resource/outcome'
import { counted, number } from '../../../../src/text/numbers'
import { command, getImport, type Import } from '../../api/imports'
import { Refused } from '../../api/request'
import { Question } from '../../ui/dialog'
import { ButtonLink, TextLink } from '../../ui/link'
import { Failure } from '../../ui/states'
import { useAction } from '../../ui/use-action'

/** Runs a rehearsal for real, from the file that the service has kept. */
export function RunForReal({ one }: { readonly one: Import }) {
  const { run_as } = one.meta
  const { data: run } = useQuery({
    queryKey: ['import', run_as],
    queryFn: () => getImport(run_as ?? ''),
    enabled: run_as !== undefined,
  })
  if (run_as === undefined || (run && isInVain(run))) return <Run one={one} />
  return <ButtonLink href={`/imports/${run_as}`}>See the import</ButtonLink>
}

/** Whether a rehearsal can be run again, since nothing is left of when it was run. */
const isInVain = ({ attributes: { status }, meta }: Import): boolean =>
  status === 'failed' || meta.undo?.status === 'success'

function Run({ one }: { readonly one: Import }) {
  const [isAsked, setAsked] = useState(false)
  const [, navigate] = useLocation()
  const queryClient = useQueryClient()
  const run = useAction({
    mutationFn: () => command(one.id, 'run'),
    onSuccess(created) {
      queryClient.invalidateQueries({ queryKey: ['import', one.id] })
      navigate(`/imports/${created.id}`)
    },
    // Somebody else may have run it.
    onError: () => queryClient.invalidateQueries({ queryKey: ['import', one.id] }),
  })
  const { imported, rest } = tallyOf(one.meta.records)
  const isQuestionable = rest > 0 || one.meta.same_file_as !== undefined
  const words = `Import ${counted(imported, 'record')}${rest > 0 ? `, reject ${number(rest)}` : ''}`
  return (
    <>
      <Button loading={run.isPending} onClick={() => (isQuestionable ? setAsked(true) : run.mutate())}>
        {words}
      </Button>
      {run.error && !isAsked && <RunFailure error={run.error} id={one.id} />}
      <Question
        isOpen={isAsked}
        title={rest > 0 ? `Import without ${counted(rest, 'record')}?` : 'Import this file again?'}
        no="Not now"
        yes={words}
        isBusy={run.isPending}
        error={run.error}
        onNo={() => setAsked(false)}
        onYes={() => run.mutate()}
      >
        {rest > 0 && (
          <Text>
            {counted(rest, 'record')} will be rejected. You can correct the lines afterwards and import them
            as well.
          </Text>
        )}
        {one.meta.same_file_as !== undefined && (
          <Text mt="xs">
            This file was <TextLink href={`/imports/${one.meta.same_file_as}`}>imported before</TextLink>.
          </Text>
        )}
        <Text mt="xs">What was added since the rehearsal can make a difference.</Text>
      </Question>
    </>
  )
}

function RunFailure({ error, id }: { readonly error: Error; readonly id: string }) {
  const otherId = error instanceof Refused ? error.problems.find(({ meta }) => meta?.id)?.meta?.id : undefined
  return (
    <Failure error={error}>
      {otherId !== undefined && otherId !== id && (
        <TextLink href={`/imports/${otherId}`}>See the other import</TextLink>
      )}
    </Failure>
  )
}
