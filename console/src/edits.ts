import { useSyncExternalStore } from 'react'

/** Rejected lines as a person has corrected them. They last while the page is open, whatever it shows. */

/** Texts by line number. */
export type Edits = ReadonlyMap<number, string>

const NONE: Edits = new Map()
const editsByImport = new Map<string, Edits>()
const listeners = new Set<() => void>()

const askBeforeLeaving = (event: BeforeUnloadEvent): void => event.preventDefault()

function change(importId: string, edits: Edits): void {
  if (edits.size === 0) editsByImport.delete(importId)
  else editsByImport.set(importId, edits)
  if (editsByImport.size === 0) removeEventListener('beforeunload', askBeforeLeaving)
  else addEventListener('beforeunload', askBeforeLeaving)
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const useEdits = (importId: string): Edits =>
  useSyncExternalStore(subscribe, () => editsByImport.get(importId) ?? NONE)

/** @param text undefined: the line is as it was. */
export function edit(importId: string, line: number, text: string | undefined): void {
  const edits = new Map(editsByImport.get(importId))
  if (text === undefined) edits.delete(line)
  else edits.set(line, text)
  change(importId, edits)
}

export const forgetEdits = (importId: string): void => change(importId, NONE)

/** Forgets those that have been imported, but for what was changed since they were sent. */
export function forgetSent(importId: string, sent: Edits): void {
  const left = [...(editsByImport.get(importId) ?? NONE)].filter(([line, text]) => sent.get(line) !== text)
  change(importId, new Map(left))
}
