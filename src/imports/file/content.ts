import type { RecordType } from '../../records/record-type.js'
import type { Problem } from '../../schema/problem.js'

/**
 * What a line contains (contract 6 and 7): nothing, something that is not a record, or a record, valid or
 * not.
 */
export type LineContent = BlankLine | MalformedLine | RecordLine

export interface BlankLine {
  readonly kind: 'blank'
}

export const BLANK: BlankLine = { kind: 'blank' }

export interface MalformedLine {
  readonly kind: 'malformed'
  /** Says why in a sentence. It may parse the line for that, so call it while the line's bytes are valid. */
  readonly problem: () => Problem
}

export interface RecordLine {
  readonly kind: 'record'
  readonly recordType: RecordType
  /** Undefined if this type's attributes were not wanted. */
  readonly attributes: unknown
}
