import { useQueryClient } from '@tanstack/react-query'
import { type Command, command, type Import } from '../../api/imports'
import { useAction } from '../../ui/use-action'

/** Does something with an import, and shows what became of it. */
export function useCommand(one: Import, what: Exclude<Command, 'run'>) {
  const queryClient = useQueryClient()
  return useAction({
    mutationFn: () => command(one.id, what),
    onSuccess: (changed) => queryClient.setQueryData(['import', one.id], changed),
    // It may just have ended.
    onError: () => queryClient.invalidateQueries({ queryKey: ['import', one.id] }),
  })
}
