import type { StoredRecord } from './record'
import type { Creation, ListedType } from './record-types'
import { contains, equals, type Page, pageQuery, request, requestJson, urlOf, whole } from './request'

/** A record with what it holds, by the list's name. */
export interface RecordWithHeld {
  readonly data: StoredRecord
  readonly included?: Readonly<Record<string, readonly StoredRecord[]>>
}

export interface RecordsQuery {
  readonly list: string
  /** The attribute that has `text` in it. */
  readonly by: string
  /** Empty: all records. */
  readonly text: string
  /** The values of other attributes, by their name. */
  readonly chosen: Readonly<Record<string, string>>
  readonly offset: number
}

export function listRecords(asked: RecordsQuery): Promise<Page<StoredRecord>> {
  const query = pageQuery(asked.offset)
  addFilters(query, asked)
  return requestJson(urlOf(`/${asked.list}?${query}`))
}

/** The caller's own records that match, as lines of an import file. */
export async function exportRecords(asked: Omit<RecordsQuery, 'offset'>): Promise<Blob> {
  const query = new URLSearchParams()
  addFilters(query, asked)
  return whole((await request(urlOf(`/${asked.list}?${query}`), { accept: 'application/jsonl' })).blob())
}

function addFilters(query: URLSearchParams, { by, text, chosen }: Omit<RecordsQuery, 'offset'>): void {
  if (text !== '') query.append('filter', contains(by, text))
  for (const [name, value] of Object.entries(chosen)) query.append('filter', equals(name, value))
}

const recordUrl = (list: string, id: string, rest = ''): string =>
  urlOf(`/${list}/${encodeURIComponent(id)}${rest}`)

export function getRecord({ list, holds }: ListedType, id: string): Promise<RecordWithHeld> {
  const include = holds.length === 0 ? '' : `?include=${holds.map((held) => held.list).join(',')}`
  return requestJson(recordUrl(list, id, include))
}

/** A page of a list that belongs to a record. */
export const listOfRecord = (
  list: string,
  id: string,
  subList: string,
  offset: number,
): Promise<Page<StoredRecord>> => requestJson(recordUrl(list, id, `/${subList}?${pageQuery(offset)}`))

/** Whether there is a record with this id. */
export async function exists(list: string, id: string): Promise<boolean> {
  const query = pageQuery(0)
  query.append('filter', equals('id', id))
  const { data } = await requestJson<Page<StoredRecord>>(urlOf(`/${list}?${query}`))
  return data.length > 0
}

type Attributes = Readonly<Record<string, unknown>>

/** @throws Refused with what is wrong, attribute by attribute */
export async function createRecord(
  { list, type }: ListedType,
  { path, isFlat }: Creation,
  attributes: Attributes,
): Promise<StoredRecord> {
  const data = isFlat ? { ...attributes, type } : { type, attributes }
  return (
    await requestJson<{ data: StoredRecord }>(urlOf(`/${list}${path}`), { method: 'POST', body: { data } })
  ).data
}

/** @throws Refused with what is wrong, attribute by attribute */
export async function changeRecord(
  { list, type }: ListedType,
  id: string,
  attributes: Attributes,
): Promise<StoredRecord> {
  const body = { data: { type, id, attributes } }
  return (await requestJson<{ data: StoredRecord }>(recordUrl(list, id), { method: 'PUT', body })).data
}

export async function deleteRecord(list: string, id: string): Promise<void> {
  await request(recordUrl(list, id), { method: 'DELETE' })
}
