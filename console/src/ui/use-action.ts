import { type UseMutationOptions, type UseMutationResult, useMutation } from '@tanstack/react-query'
import { useRef } from 'react'

interface ActionOptions<Data, Variables> extends UseMutationOptions<Data, Error, Variables> {
  mutationFn(variables: Variables): Promise<Data>
}

/**
 * What a button does. A button is disabled only once it is drawn as busy, and a double click may be quicker:
 * what is pressed until then does nothing.
 */
export function useAction<Data, Variables = void>({
  mutationFn,
  ...options
}: ActionOptions<Data, Variables>): UseMutationResult<Data, Error, Variables> {
  const isRunning = useRef(false)
  const mutation = useMutation<Data, Error, Variables>({
    ...options,
    async mutationFn(variables) {
      try {
        return await mutationFn(variables)
      } finally {
        isRunning.current = false
      }
    },
  })
  const mutate: typeof mutation.mutate = (...given) => {
    if (isRunning.current) return
    isRunning.current = true
    mutation.mutate(...given)
  }
  return { ...mutation, mutate }
}
