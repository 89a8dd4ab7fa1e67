import { useSyncExternalStore } from 'react'

/** The key that the API is asked with. It lives as long as the browser's tab. */

/** Why nobody is signed in. `refused`: the server did not take the key. */
export type Session =
  | { readonly key: string }
  | { readonly key: undefined; readonly because?: 'refused' | 'signed-out' }

const ITEM = 'intake.key'

let session: Session = readStored()
const listeners = new Set<() => void>()

function readStored(): Session {
  const key = sessionStorage.getItem(ITEM)
  return key === null ? { key: undefined } : { key }
}

function change(changed: Session): void {
  session = changed
  if (changed.key === undefined) sessionStorage.removeItem(ITEM)
  else sessionStorage.setItem(ITEM, changed.key)
  for (const listener of listeners) listener()
}

export const signIn = (key: string): void => change({ key })
export const signOut = (because: 'refused' | 'signed-out'): void => change({ key: undefined, because })
export const currentKey = (): string => session.key ?? ''

export function useSession(): Session {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => session,
  )
}

/** Takes the key out of the link that `npm start` prints (`/#key=…`), and out of the address bar and the history. */
export function takeKeyFromAddress(): void {
  const [, encoded] = /^#key=(.+)$/.exec(location.hash) ?? []
  if (encoded === undefined) return
  history.replaceState(history.state, '', location.pathname + location.search)
  signIn(decoded(encoded))
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
