/**
 * The ids of imported records are UUIDs of version 7 (RFC 9562) that follow from the import and the line:
 *
 *     48 bits  milliseconds since 1970 of the chunk's `created_at`
 *      4 bits  the version, 7
 *     12 bits  from the import's id  ┐ 38 bits that tell
 *      2 bits  the variant           │ one import from
 *     26 bits  from the import's id  ┘ another
 *     36 bits  the line's number
 *
 * So they ascend with the line, which lets B-trees append; and the id of a record in the way of a later line
 * shows which line of the same import it came from.
 */

const STEM_START = 13
const STEM_END = 27
/** The digits of the line at the end of an id. */
export const LINE_DIGITS = 9

/** Creates the ids of one import for the lines of one chunk. */
export function recordIds(importId: string, milliseconds: number): (line: number) => string {
  const time = milliseconds.toString(16).padStart(12, '0')
  const head = `${time.slice(0, 8)}-${time.slice(8)}${importId.slice(STEM_START, STEM_END)}`
  return (line) => head + line.toString(16).padStart(LINE_DIGITS, '0')
}

/** The line of this import that a record with this id came from; undefined: it came from elsewhere. */
export function lineOfRecord(importId: string, recordId: string): number | undefined {
  if (recordId.slice(STEM_START, STEM_END) !== importId.slice(STEM_START, STEM_END)) return undefined
  return Number.parseInt(recordId.slice(STEM_END), 16)
}

/** The part of an id that shows its import, and where it is: the first character, from 1, and how many. */
export const stemOf = (importId: string): string => importId.slice(STEM_START, STEM_END)
export const STEM_FROM = STEM_START + 1
export const STEM_CHARACTERS = STEM_END - STEM_START

/**
 * A UUID that is less than every record's id of this millisecond and later, and greater than all earlier
 * ones.
 */
export function firstIdAt(milliseconds: number): string {
  const time = milliseconds.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-0000-0000-000000000000`
}
