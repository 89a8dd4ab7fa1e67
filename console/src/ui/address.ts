import { useCallback } from 'react'
import { useSearchParams } from 'wouter'

/** What a page shows is in its address, so that it can be kept, shared and gone back to. */
export interface Address {
  get(name: string): string
  readonly offset: number
  /** Sets parameters; an empty one is taken out. `replace`: without a step to go back to. */
  set(changes: Readonly<Record<string, string | number>>, options?: { replace?: boolean }): void
}

export function useAddress(): Address {
  const [parameters, setParameters] = useSearchParams()
  const set = useCallback(
    (changes: Readonly<Record<string, string | number>>, { replace = false } = {}) =>
      setParameters(
        (before) => {
          const after = new URLSearchParams(before)
          for (const [name, value] of Object.entries(changes)) {
            if (value === '' || value === 0) after.delete(name)
            else after.set(name, String(value))
          }
          return after
        },
        { replace },
      ),
    [setParameters],
  )
  const offset = Number(parameters.get('offset'))
  return {
    get: (name) => parameters.get(name) ?? '',
    offset: Number.isSafeInteger(offset) && offset > 0 ? offset : 0,
    set,
  }
}
