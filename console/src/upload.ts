import { useSyncExternalStore } from 'react'
import { IMPORTS_URL, type Import, type ImportOptions, importForm } from './api/imports'
import { refused, sessionHeader, Unreachable } from './api/request'
import { whoIsSignedIn } from './api/session'
import { currentCredential, lookAgain } from './session'

/** The upload that is under way; there is at most one. It continues whatever page is shown. */
export type Upload = {
  readonly file: File
  readonly options: ImportOptions
  readonly onCreated: (() => void) | undefined
  /** The credential that it is sent with; nobody else is shown it. */
  readonly credential: string
} & (
  | {
      readonly status: 'sending'
      /** Bytes that have left the browser. */
      readonly sent: number
      /** Milliseconds, as `performance.now()` has them. */
      readonly startedAt: number
    }
  | { readonly status: 'done'; readonly created: Import }
  | { readonly status: 'failed'; readonly error: Error }
)

let upload: Upload | undefined
let request: XMLHttpRequest | undefined
const listeners = new Set<() => void>()

function change(changed: Upload | undefined): void {
  upload = changed
  for (const listener of listeners) listener()
}

export function useUpload(): Upload | undefined {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => (upload?.credential === currentCredential() ? upload : undefined),
  )
}

/** How often a long upload uses the session, which would end after an hour. */
const USE_SESSION_MS = 600_000

/**
 * Posts a file with XMLHttpRequest, since `fetch` does not report how much was sent. The browser reads the
 * file as it sends it.
 */
export function startUpload(file: File, options: ImportOptions, onCreated?: () => void): void {
  const credential = currentCredential()
  if (upload?.status === 'sending') {
    if (upload.credential === credential) return
    // Of somebody who has signed out since.
    request?.abort()
  }
  const given = { file, options, onCreated, credential }
  const xhr = new XMLHttpRequest()
  const startedAt = performance.now()
  const sending = (sent: number) => change({ ...given, status: 'sending', sent, startedAt })
  const fail = (error: Error) => change({ ...given, status: 'failed', error })
  xhr.upload.onprogress = ({ loaded }) => sending(Math.min(loaded, file.size))
  xhr.onload = () => {
    if (xhr.status === 401) void lookAgain('ended')
    if (xhr.status !== 201) return fail(refused(xhr.status, xhr.responseText))
    const created = (JSON.parse(xhr.responseText) as { data: Import }).data
    onCreated?.()
    change({ ...given, status: 'done', created })
  }
  xhr.onerror = async () => fail(await whyNotSent(file))
  xhr.onabort = () => change(undefined)
  const using = setInterval(() => whoIsSignedIn().catch(() => undefined), USE_SESSION_MS)
  xhr.onloadend = () => {
    clearInterval(using)
    removeEventListener('beforeunload', askBeforeLeaving)
  }
  addEventListener('beforeunload', askBeforeLeaving)
  xhr.open('POST', IMPORTS_URL)
  xhr.setRequestHeader(...sessionHeader())
  request = xhr
  sending(0)
  xhr.send(importForm(file, options))
}

export const cancelUpload = (): void => request?.abort()

/** Forgets an upload that has ended. */
export function forgetUpload(): void {
  if (upload?.status !== 'sending') change(undefined)
}

const askBeforeLeaving = (event: BeforeUnloadEvent): void => event.preventDefault()

/** A file that was changed or removed after it was chosen fails just as a connection does. */
async function whyNotSent(file: File): Promise<Error> {
  try {
    await file.slice(0, 1).arrayBuffer()
    return new Unreachable()
  } catch {
    return new Error(`${file.name} can no longer be read: it was changed or removed. Please choose it again.`)
  }
}
