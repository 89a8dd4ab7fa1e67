import { contains, type Page, pageQuery, request, requestJson, urlOf, whole } from './request'

/** How many records, by type. */
export type Counts = Readonly<Record<string, number>>

export const STATUSES = ['pending', 'started', 'success', 'failed'] as const
export type Status = (typeof STATUSES)[number]

/** What to do with a record whose `external_ref` is already there. */
export const CONFLICT_POLICIES = ['reject', 'skip', 'update'] as const
export type ConflictPolicy = (typeof CONFLICT_POLICIES)[number]

export interface Import {
  readonly id: string
  readonly attributes: { readonly external_ref?: string; readonly status: Status }
  readonly meta: {
    readonly timestamps: {
      readonly created_at: string
      readonly updated_at: string
      readonly started_at?: string
      readonly finished_at?: string
    }
    readonly records: { readonly uploaded: Counts; readonly imported: Counts; readonly skipped?: Counts }
    readonly errors: number
    readonly file: { readonly bytes: number; readonly lines: number; readonly sha256: string }
    readonly failure?: { readonly reason: string; readonly detail: string }
    readonly dry_run?: boolean
    readonly on_conflict?: ConflictPolicy
  }
}

export interface ImportError {
  readonly id: string
  readonly meta: {
    readonly error: string
    readonly field: string
    readonly line_number: number
    readonly external_ref?: string
  }
}

/** Errors that say the same of different lines. */
export interface ErrorKind {
  readonly id: string
  readonly meta: {
    readonly field: string
    readonly error: string
    readonly lines: number
    readonly first_line_number: number
  }
}

/** How a file is to be imported. */
export interface ImportOptions {
  readonly externalRef: string
  readonly isRehearsal: boolean
  readonly onConflict: ConflictPolicy
}

/** The form that a file is posted in. What is as by default is left out, so that any version of the service takes it. */
export function importForm(file: File, { externalRef, isRehearsal, onConflict }: ImportOptions): FormData {
  const form = new FormData()
  if (externalRef !== '') form.set('external_ref', externalRef)
  if (isRehearsal) form.set('dry_run', 'true')
  if (onConflict !== 'reject') form.set('on_conflict', onConflict)
  // Last, so that a wrong option is refused before the file is sent.
  form.set('import_file', file)
  return form
}

export const IMPORTS_URL = urlOf('/imports')

const importUrl = (id: string, rest = ''): string => `${IMPORTS_URL}/${encodeURIComponent(id)}${rest}`

export interface ImportsQuery {
  readonly status: Status | undefined
  /** Part of the `external_ref`; empty: any. */
  readonly reference: string
  readonly offset: number
}

export function listImports({ status, reference, offset }: ImportsQuery): Promise<Page<Import>> {
  const query = pageQuery(offset)
  if (status) query.append('filter', `eq(status,${status})`)
  if (reference !== '') query.append('filter', contains('external_ref', reference))
  return requestJson(`${IMPORTS_URL}?${query}`)
}

export const getImport = async (id: string): Promise<Import> =>
  (await requestJson<{ data: Import }>(importUrl(id))).data

export const listErrors = (id: string, offset: number): Promise<Page<ImportError>> =>
  requestJson(importUrl(id, `/errors?${pageQuery(offset)}`))

export const listErrorKinds = async (id: string): Promise<readonly ErrorKind[]> =>
  (await requestJson<{ data: readonly ErrorKind[] }>(importUrl(id, '/errors/kinds'))).data

/** The original bytes of a rejected line, as text. */
export interface RejectedLine {
  readonly text: string
  /** Whether that is all of it. */
  readonly isWhole: boolean
}

/** A line that is rejected for its length may be as long as the file. So much of it is read, in bytes. */
const LINE_BYTES = 2 ** 21

export async function getRejectedLine(id: string, line: number): Promise<RejectedLine> {
  const { body } = await request(importUrl(id, `/rejected?line_number=${line}`))
  const reader = body?.getReader()
  // A byte-order mark is shown as well: it may be what is wrong.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let text = ''
  for (let bytes = 0; reader; ) {
    const { done, value } = await whole(reader.read())
    if (done) break
    text += decoder.decode(value, { stream: true })
    bytes += value.length
    if (bytes < LINE_BYTES) continue
    await reader.cancel()
    return { text, isWhole: false }
  }
  return { text: (text + decoder.decode()).replace(/\r?\n$/, ''), isWhole: true }
}

/** What of an import can be downloaded as a JSON Lines file. */
export type Download = 'rejected' | 'results'

export const download = async (id: string, what: Download): Promise<Blob> =>
  whole((await request(importUrl(id, `/${what}`))).blob())

/** What can be asked of an import. */
export type Command = 'cancel' | 'retry'

export const command = async (id: string, what: Command): Promise<Import> =>
  (await requestJson<{ data: Import }>(importUrl(id, `/${what}`), { method: 'POST' })).data
