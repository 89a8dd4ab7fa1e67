import { useSyncExternalStore } from 'react'

/** The API key of the session. It lasts as long as the browser tab. */

/** Who is signed in, or why nobody is. `refused`: the server did not accept the key. */
export type Session =
  | { readonly key: string }
  | { readonly key: undefined; readonly because?: 'refused' | 'signed-out' }

const ITEM = 'intake.key'

let session: Session = readStored()
/** The key of a link that was opened while somebody is signed in with another one; they are asked. */
let offered: string | undefined
const listeners = new Set<() => void>()

function readStored(): Session {
  const key = sessionStorage.getItem(ITEM)
  return key === null ? { key: undefined } : { key }
}

function change(changed: Session): void {
  session = changed
  offered = undefined
  if (changed.key === undefined) sessionStorage.removeItem(ITEM)
  else sessionStorage.setItem(ITEM, changed.key)
  notify()
}

function notify(): void {
  for (const listener of listeners) listener()
}

export const signIn = (key: string): void => change({ key })
export const signOut = (because: 'refused' | 'signed-out'): void => change({ key: undefined, because })
export const currentKey = (): string => session.key ?? ''

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const useSession = (): Session => useSyncExternalStore(subscribe, () => session)
export const useOfferedKey = (): string | undefined => useSyncExternalStore(subscribe, () => offered)

export function declineOfferedKey(): void {
  offered = undefined
  notify()
}

/**
 * Takes the key out of the link that `npm start` prints (`/#key=…`), and out of the address bar and the
 * history. It signs in only if nobody is signed in: a link from somebody else must not silently move a person
 * to another store.
 */
export function takeKeyFromAddress(): void {
  const [, encoded] = /^#key=(.+)$/.exec(location.hash) ?? []
  if (encoded === undefined) return
  history.replaceState(history.state, '', location.pathname + location.search)
  const key = decoded(encoded)
  if (session.key === undefined) signIn(key)
  else if (key !== session.key) {
    offered = key
    notify()
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
