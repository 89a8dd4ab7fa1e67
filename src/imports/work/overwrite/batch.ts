import type { Selection } from '../../../db/copy/copy.js'
import type { ColumnValue } from '../../../records/columns.js'
import { SnapshotIds } from '../../../records/content/snapshot-ids.js'
import type { NewRecords } from '../../../records/write/insert.js'
import type { Holder } from '../../../records/write/insert-held.js'
import type { Resolved } from '../../../records/write/resolve.js'
import type { LinePlace } from '../../file/examine.js'

/** Records with all of their attributes. A record's place, from 0, is its index among them. */
export interface Batch {
  readonly records: NewRecords
  /** Milliseconds since 1970, for the ids of what they hold. */
  readonly milliseconds: number
  line(place: number): LinePlace
  /** What a record's lists lead to. Undefined: its type has none, or what it holds stays. */
  held(place: number): Resolved | undefined
  /** Whether the line says what the record holds by this attribute. */
  gives(place: number, attribute: string): boolean
  /** The values of the type's `contentColumns`. */
  contentValues(place: number): readonly ColumnValue[]
}

export const idsOf = ({ records, milliseconds }: Batch, place: number): SnapshotIds =>
  new SnapshotIds(milliseconds, records.id(place))

/** The rows of some of its records. */
export function selectionOf(batch: Batch, places: readonly number[]): Selection {
  const { records } = batch
  const selected = new Set(places)
  const others = Array.from({ length: records.length }, (_, place) => place).filter(
    (place) => !selected.has(place),
  )
  return {
    except: new Set(others),
    ...(records.recordType.content && { lastValues: (place) => batch.contentValues(place) }),
  }
}

/** What some of its records are to hold, under the ids that they have in the batch. */
export const holdersOf = (batch: Batch, places: readonly number[]): Holder[] =>
  places.flatMap((place) => {
    const held = batch.held(place)
    return held ? [{ ...held, id: batch.records.id(place), ids: idsOf(batch, place) }] : []
  })
