import type {
  ImportErrorKindResource as ErrorKind,
  ImportResource as Import,
  ImportErrorResource as ImportError,
  ImportWarningResource as ImportWarning,
  UndoPreviewResource,
} from '../../../src/imports/resource/schema'
import type { ImportStatus, OnConflict } from '../../../src/imports/terms'
import { contains, equals, type Page, pageQuery, request, requestJson, urlOf, whole } from './request'
import { type Beginning, beginningOf, type Rows, rowsOf } from './stream'

export type { ErrorKind, Import, ImportError, ImportWarning }

/** How a file is to be imported. */
export interface ImportOptions {
  readonly externalRef: string
  readonly isRehearsal: boolean
  readonly onConflict: OnConflict
  /** How many rejected lines there may be before it stops; undefined: any number. */
  readonly maxErrors?: number | undefined
  /** The id of the import whose rejected lines the file has, corrected. */
  readonly fixes?: string | undefined
}

/**
 * The form that a file is posted in. Defaults are left out, so that any version of the service accepts it.
 */
export function importForm(file: File, options: ImportOptions): FormData {
  const { externalRef, isRehearsal, onConflict, maxErrors, fixes } = options
  const form = new FormData()
  if (externalRef !== '') form.set('external_ref', externalRef)
  if (isRehearsal) form.set('dry_run', 'true')
  if (onConflict !== 'reject') form.set('on_conflict', onConflict)
  if (maxErrors !== undefined) form.set('max_errors', String(maxErrors))
  if (fixes !== undefined) form.set('fixes', fixes)
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

/** The imports of a file with this hash that added records, the latest first. */
export async function importsOfSameFile(sha256: string): Promise<Page<Import>> {
  const query = pageQuery(0)
  query.append('filter', equals('sha256', sha256))
  return requestJson(`${IMPORTS_URL}?${query}`)
}

/** What errors are filtered by; what is undefined is not. */
export type ErrorFilter = Readonly<Partial<Record<ErrorAttribute, string>>>
export const ERROR_ATTRIBUTES = ['kind', 'type', 'field', 'code', 'line_number'] as const
export type ErrorAttribute = (typeof ERROR_ATTRIBUTES)[number]

export function listErrors(id: string, filter: ErrorFilter, offset: number): Promise<Page<ImportError>> {
  const query = pageQuery(offset)
  for (const [attribute, value] of Object.entries(filter)) query.append('filter', equals(attribute, value))
  return requestJson(importUrl(id, `/errors?${query}`))
}

/** The service lists no more kinds. */
export const MAX_KINDS = 100

export const listErrorKinds = async (id: string): Promise<readonly ErrorKind[]> =>
  (await requestJson<{ data: readonly ErrorKind[] }>(importUrl(id, '/errors/kinds'))).data

/** The most bytes to read of a line: one that was rejected for its length may be as long as the file. */
const LINE_BYTES = 2 ** 21

/** The original bytes of a rejected line, as text, without its end. */
export async function getRejectedLine(id: string, line: number): Promise<Beginning> {
  const { text, ...rest } = await beginningOf(
    await request(importUrl(id, `/rejected?line_number=${line}`)),
    LINE_BYTES,
  )
  return { text: rest.isWhole ? text.replace(/\r?\n$/, '') : text, ...rest }
}

export const listWarnings = async (id: string): Promise<readonly ImportWarning[]> =>
  (await requestJson<{ data: readonly ImportWarning[] }>(importUrl(id, '/warnings'))).data

/** What of an import can be downloaded as a file. */
export const DOWNLOADS = {
  rejected: { path: '/rejected', extension: 'jsonl', accept: undefined },
  results: { path: '/results', extension: 'jsonl', accept: undefined },
  errors: { path: '/errors', extension: 'csv', accept: 'text/csv' },
  changes: { path: '/changes', extension: 'jsonl', accept: undefined },
  kept: { path: '/undo/kept', extension: 'jsonl', accept: undefined },
} as const
export type Download = keyof typeof DOWNLOADS

export async function download(id: string, what: Download): Promise<Blob> {
  const { path, accept } = DOWNLOADS[what]
  return whole((await request(importUrl(id, path), { accept })).blob())
}

/** What can be done with an import. `run` answers the new one. */
export type Command = 'cancel' | 'retry' | 'run' | 'undo'

export const command = async (id: string, what: Command): Promise<Import> =>
  (await requestJson<{ data: Import }>(importUrl(id, `/${what}`), { method: 'POST' })).data

export type UndoState = NonNullable<Import['meta']['undo']>

/** What undoing an import would do, or did, by type. */
export type UndoCounts = Pick<UndoState, 'removed' | 'restored' | 'kept'>

/** What an undo would do now; changes nothing. */
export const rehearseUndo = async (id: string): Promise<UndoCounts> =>
  (await requestJson<{ data: UndoPreviewResource }>(importUrl(id, '/undo?dry_run=true'), { method: 'POST' }))
    .data.meta

/** A record that an undo left as it is. */
export interface Kept {
  readonly line_number: number
  readonly type: string
  readonly id: string
  readonly external_ref?: string
  readonly detail: string
}

/** The first records that an undo left as they are. */
export const listKept = async (id: string): Promise<Rows<Kept>> =>
  rowsOf(await request(importUrl(id, '/undo/kept')))

/** A record as an import found it and left it, or would leave it. */
export interface Change {
  readonly line_number: number
  readonly type: string
  readonly id: string
  readonly external_ref?: string
  readonly change: 'created' | 'updated' | 'unchanged'
  /** Old and new, of what differs; absent: the import is older than that was recorded. */
  readonly attributes?: Readonly<Record<string, readonly [unknown, unknown]>>
}

/** The first records that an import changed; those that it created or left as they were are passed over. */
export const listUpdates = async (id: string): Promise<Rows<Change>> =>
  rowsOf<Change>(await request(importUrl(id, '/changes')), ({ change }) => change === 'updated')
