import { useState } from 'react'

/** Which rows of a table show their line of the file. */
export function useOpenLines() {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set())
  const toggle = (key: string) =>
    setOpen((before) => {
      const after = new Set(before)
      if (!after.delete(key)) after.add(key)
      return after
    })
  return { isOpen: (key: string) => open.has(key), toggle }
}

/** How often errors are fetched while the import runs. */
export const RUNNING_MS = 2000
