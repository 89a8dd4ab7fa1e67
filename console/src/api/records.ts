import type { ListedType } from './document'
import { contains, type Page, pageQuery, requestJson, urlOf } from './request'

export interface StoredRecord {
  readonly id: string
  readonly type: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly meta: Readonly<Record<string, unknown>>
}

/** A record with what it holds, by the list's name. */
export interface RecordWithHeld {
  readonly data: StoredRecord
  readonly included?: Readonly<Record<string, readonly StoredRecord[]>>
}

/** The attributes that lists of every type can be searched by. */
export const SEARCHABLE = ['name', 'external_ref'] as const
export type Searchable = (typeof SEARCHABLE)[number]

export interface RecordsQuery {
  readonly list: string
  readonly by: Searchable
  /** Empty: all records. */
  readonly text: string
  readonly offset: number
}

export function listRecords({ list, by, text, offset }: RecordsQuery): Promise<Page<StoredRecord>> {
  const query = pageQuery(offset)
  if (text !== '') query.append('filter', contains(by, text))
  return requestJson(urlOf(`/${list}?${query}`))
}

export function getRecord({ list, holds }: ListedType, id: string): Promise<RecordWithHeld> {
  const include = holds.length === 0 ? '' : `?include=${holds.map((held) => held.list).join(',')}`
  return requestJson(urlOf(`/${list}/${encodeURIComponent(id)}${include}`))
}
