import { recordTypes } from '../../records/index.js'
import { type RecordType, refersTo } from '../../records/record-type.js'
import type { Wanted } from './classify.js'

/**
 * A walk over a file. Records that refer to others come in a later pass than everything they may refer to,
 * wherever they are.
 */
export interface Pass extends Wanted {
  /** From 1. */
  readonly number: number
  /** The types whose records are processed. */
  readonly types: ReadonlySet<RecordType>
  /** The names of the types, with their quotes, as bytes of a line. */
  readonly names: readonly Buffer[]
  /** The names of later passes' types, likewise. */
  readonly otherNames: readonly Buffer[]
}

export const passes: readonly Pass[] = passesOf(recordTypes)

/** As many passes as the longest path from a record type through its references to one that has none. */
export function passesOf(types: readonly RecordType[]): readonly Pass[] {
  return Array.from({ length: Math.max(...types.map(passNumberOf)) }, (_, index) => {
    const number = index + 1
    const own = types.filter((recordType) => passNumberOf(recordType) === number)
    const later = types.filter((recordType) => passNumberOf(recordType) > number)
    return { number, types: new Set(own), names: own.map(nameOf), otherNames: later.map(nameOf) }
  })
}

function nameOf({ type }: RecordType): Buffer {
  return Buffer.from(`"${type}"`)
}

function passNumberOf(recordType: RecordType): number {
  return 1 + Math.max(0, ...refersTo(recordType).map(passNumberOf))
}
