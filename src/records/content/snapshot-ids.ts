/** How many ids a list has room for: more than it may have elements. */
const LIST_ROOM = 2 ** 10

/** The number of an id that belongs to no list. */
const OWN = 2 ** 12 - 1

/** Where in a UUID its last 64 bits begin, with the dash before them. */
const TAIL = 'xxxxxxxx-xxxx-xxxx'.length

/**
 * The ids of the snapshots that a record holds by up to three lists: UUIDs of version 7 (RFC 9562) that share
 * their time and the last bits of a record's id, and ascend in the order of a list. So the database can create
 * them, too.
 */
export class SnapshotIds {
  /** What comes before and after the three digits of the number. */
  readonly head: string
  readonly tail: string

  /**
   * @param milliseconds since 1970
   * @param id a UUID of version 7: of the record, or a new one if that has none yet
   */
  constructor(milliseconds: number, id: string) {
    this.head = headOf(milliseconds)
    this.tail = id.slice(TAIL)
  }

  /** The id of an element, by the places of its list and in it, from 0. */
  at(list: number, place: number): string {
    return this.#of(firstOf(list) + place)
  }

  /** The id of what is held beside the lists. */
  get own(): string {
    return this.#of(OWN)
  }

  #of(number: number): string {
    return `${this.head}${number.toString(16).padStart(3, '0')}${this.tail}`
  }
}

let last = { milliseconds: Number.NaN, head: '' }

/** The records of a chunk share it. */
function headOf(milliseconds: number): string {
  if (milliseconds !== last.milliseconds) {
    const time = milliseconds.toString(16).padStart(12, '0')
    last = { milliseconds, head: `${time.slice(0, 8)}-${time.slice(8)}-7` }
  }
  return last.head
}

/** The number of the first element of a list. */
export const firstOf = (list: number): number => list * LIST_ROOM
