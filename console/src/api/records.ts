import type { StoredRecord } from './record'
import type { ListedType } from './record-types'
import { contains, equals, type Page, pageQuery, requestJson, urlOf } from './request'

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

export function listRecords({ list, by, text, chosen, offset }: RecordsQuery): Promise<Page<StoredRecord>> {
  const query = pageQuery(offset)
  if (text !== '') query.append('filter', contains(by, text))
  for (const [name, value] of Object.entries(chosen)) query.append('filter', equals(name, value))
  return requestJson(urlOf(`/${list}?${query}`))
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
