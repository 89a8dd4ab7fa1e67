import { Button, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { type Import, rehearseUndo } from '../../api/imports'
import { Question } from '../../ui/dialog'
import { sumOf, undoSentences } from '../../undo'
import { useCommand } from './use-command'

/** Takes an import back, after saying what that would do. */
export function Undo({ one }: { readonly one: Import }) {
  const [isAsked, setAsked] = useState(false)
  const undo = useCommand(one, 'undo')
  const { data, error, isFetching } = useQuery({
    queryKey: ['undo-rehearsal', one.id],
    queryFn: () => rehearseUndo(one.id),
    enabled: isAsked,
    // The answer changes with the records.
    gcTime: 0,
    staleTime: 0,
  })
  if (one.meta.undo !== undefined && one.meta.undo.status !== 'failed') return null
  const isNothing = data !== undefined && sumOf(data.removed) + sumOf(data.restored) === 0
  return (
    <>
      <Button variant="default" onClick={() => setAsked(true)}>
        Undo import
      </Button>
      <Question
        isOpen={isAsked}
        title="Undo this import?"
        no="Leave it as it is"
        yes="Undo import"
        isDangerous
        isBusy={undo.isPending || (isFetching && data === undefined)}
        isImpossible={data === undefined}
        error={undo.error ?? error}
        onNo={() => setAsked(false)}
        onYes={() => undo.mutate(undefined, { onSuccess: () => setAsked(false) })}
      >
        {data === undefined ? (
          !error && <Text>Looking at what this import did …</Text>
        ) : (
          <>
            {undoSentences(data, 'would').map((sentence) => (
              <Text key={sentence} mt="xs">
                {sentence}
              </Text>
            ))}
            <Text mt="xs" className="quiet">
              {isNothing
                ? 'The import itself is marked as undone, and its reference can be used again.'
                : 'The report stays, and the reference of the import can be used again. This cannot be reverted, but the file can be imported again.'}
            </Text>
          </>
        )}
      </Question>
    </>
  )
}
