import type {
  ImportErrorKindResource as ErrorKind,
  ImportResource as Import,
  ImportErrorResource as ImportError,
} from '../../../src/imports/resource/schema'
import type { ImportStatus, OnConflict } from '../../../src/imports/terms'
import { contains, type Page, pageQuery, request, requestJson, urlOf, whole } from './request'

export type { ErrorKind, Import, ImportError }

/** How a file is to be imported. */
export interface ImportOptions {
  readonly externalRef: string
  readonly isRehearsal: boolean
  readonly onConflict: OnConflict
}

/**
 * The form that a file is posted in. Defaults are left out, so that any version of the service accepts it.
 */
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
  readonly status: ImportStatus | undefined
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
  /** Whether the text is the whole line. */
  readonly isWhole: boolean
}

/** The most bytes to read of a line: one that was rejected for its length may be as long as the file. */
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

/** The parts of an import that can be downloaded as a JSON Lines file. */
export type Download = 'rejected' | 'results'

export const download = async (id: string, what: Download): Promise<Blob> =>
  whole((await request(importUrl(id, `/${what}`))).blob())

/** What can be done with an import. */
export type Command = 'cancel' | 'retry'

export const command = async (id: string, what: Command): Promise<Import> =>
  (await requestJson<{ data: Import }>(importUrl(id, `/${what}`), { method: 'POST' })).data
