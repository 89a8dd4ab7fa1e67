import type { Pool } from '../../db/pool.js'
import { type NamedHolder, namedSnapshots, type StoredSnapshot } from '../read/snapshots.js'
import type { Snapshots } from '../record-type.js'
import { refsLeadingBack } from './leading-back.js'

/** An element of a list in an import file: an `external_ref`, or attributes. */
export type Element = string | Readonly<Record<string, unknown>>

/** What some records hold by one list, read once and in the order of the records. */
export class HeldList {
  readonly attribute: string
  readonly #slices: AsyncIterator<readonly StoredSnapshot[]>
  readonly #toElements: (slice: readonly StoredSnapshot[]) => Promise<Element[]>
  #slice: readonly StoredSnapshot[] = []
  #elements: readonly Element[] = []
  #at = 0

  /**
   * @param holders in their order, with the number of snapshots of each
   * @param ownerIds whose records may be named, the owner first; undefined: all is inline
   */
  constructor(
    pool: Pool,
    held: Snapshots,
    holders: readonly NamedHolder[],
    ownerIds: readonly string[] | undefined,
  ) {
    this.attribute = held.attribute
    this.#slices = namedSnapshots(pool, held, holders)
    this.#toElements = async (slice) => {
      const sources = slice.flatMap(({ sourceId }) => (sourceId === undefined ? [] : [sourceId]))
      const refs = ownerIds && (await refsLeadingBack(pool, held.to, ownerIds, new Set(sources)))
      return slice.map((snapshot) => refs?.get(snapshot.sourceId ?? '') ?? inlineOf(held, snapshot))
    }
  }

  /** The elements of the record that is next. */
  async *of(holderId: string): AsyncGenerator<Element, void, undefined> {
    for (;;) {
      if (this.#at === this.#slice.length && !(await this.#read())) return
      const element = this.#elements[this.#at]
      if (this.#slice[this.#at]?.holderId !== holderId || element === undefined) return
      this.#at += 1
      yield element
    }
  }

  async #read(): Promise<boolean> {
    const { done, value } = await this.#slices.next()
    if (done) return false
    this.#slice = value
    this.#elements = await this.#toElements(value)
    this.#at = 0
    return true
  }
}

/** Of a list of which one is selected, that one is marked (contract 14). */
const inlineOf = ({ selection }: Snapshots, { attributes, isSelected }: StoredSnapshot): Element =>
  selection && isSelected ? { ...attributes, meta: { selected: true } } : attributes
