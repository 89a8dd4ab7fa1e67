import { useSyncExternalStore } from 'react'
import { Refused } from './api/request'
import { endSession, type Me, openSession, whoIsSignedIn, whoseKey } from './api/session'

/*
 * Who is signed in. The browser holds a session in a cookie that this code cannot read, and shares it between
 * its tabs; no key is kept.
 */

export type Session =
  | { readonly status: 'asking' }
  | { readonly status: 'in'; readonly me: Me }
  | { readonly status: 'out'; readonly because?: Reason }
  /** The service could not say. */
  | { readonly status: 'unknown'; readonly error: Error }

/** `refused`: the key of a link is none. `ended`: the session was not used for an hour, or its key is gone. */
export type Reason = 'refused' | 'ended' | 'signed-out'

let session: Session = { status: 'asking' }
/** The key of a link that was opened while somebody is signed in with another one; they are asked. */
let offered: string | undefined
const listeners = new Set<() => void>()

/** Tells the other tabs that somebody has signed in or out. */
const tabs = new BroadcastChannel('intake.session')
tabs.onmessage = () => void lookAgain('signed-out')

function change(changed: Session): void {
  session = changed
  offered = undefined
  notify()
}

function notify(): void {
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const useSession = (): Session => useSyncExternalStore(subscribe, () => session)
export const useOfferedKey = (): string | undefined => useSyncExternalStore(subscribe, () => offered)

/** Whether a resource is the caller's own, and not that of the organization of their store. */
export function useIsOwn(owner: Me['meta']['owner']): boolean {
  const current = useSession()
  return current.status === 'in' && current.me.meta.owner === owner
}

/** The credential that requests are made for. */
export const currentCredential = (): string => (session.status === 'in' ? session.me.id : '*')

/** @throws Refused 401 if the key is none, Unreachable */
export async function signIn(key: string): Promise<void> {
  change({ status: 'in', me: await openSession(key) })
  tabs.postMessage('signed in')
}

/** @throws Unreachable: the session is still there. */
export async function signOut(): Promise<void> {
  await endSession().catch((error: Error) => {
    if (!isNobody(error)) throw error
  })
  change({ status: 'out', because: 'signed-out' })
  tabs.postMessage('signed out')
}

/** Asks the service who is signed in. `because`: why it is nobody, if somebody was. */
export async function lookAgain(because?: Reason): Promise<void> {
  try {
    const me = await whoIsSignedIn()
    if (!me)
      change(
        because === undefined || session.status === 'asking' ? { status: 'out' } : { status: 'out', because },
      )
    else if (session.status !== 'in' || session.me.id !== me.id) change({ status: 'in', me })
  } catch (error) {
    // What the pages show is still theirs; their own requests say what is wrong.
    if (session.status !== 'in') change({ status: 'unknown', error: error as Error })
  }
}

export function declineOfferedKey(): void {
  offered = undefined
  notify()
}

/**
 * Signs in with the key of the link that `npm start` prints (`/#key=…`), if nobody is signed in: a link from
 * somebody else must not silently move a person to another store. Then the key is taken out of the address bar
 * and the history; while the service is away it stays, for another attempt.
 */
export async function takeKeyFromAddress(): Promise<void> {
  const [, encoded] = /^#key=(.+)$/.exec(location.hash) ?? []
  if (session.status !== 'in') await lookAgain()
  if (encoded === undefined) return
  await offer(decoded(encoded))
  if (session.status !== 'unknown') {
    history.replaceState(history.state, '', location.pathname + location.search)
  }
}

async function offer(key: string): Promise<void> {
  try {
    if (session.status === 'out') return await signIn(key)
    const other = session.status === 'in' ? await whoseKey(key) : undefined
    if (!other || session.status !== 'in' || other.id === session.me.id) return
    offered = key
    notify()
  } catch (error) {
    if (session.status !== 'out') return
    const isRefused = isNobody(error)
    change(isRefused ? { status: 'out', because: 'refused' } : { status: 'unknown', error: error as Error })
  }
}

const isNobody = (error: unknown): boolean => error instanceof Refused && error.status === 401

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
