import { isObject } from '../../json/parse.js'
import { namingAttributes, waysOf } from '../../records/content/content.js'
import type { RecordType } from '../../records/record-type.js'
import { excerpt } from '../../text/text.js'
import type { Examined } from '../file/examine.js'
import type { Checkpoint } from '../queue/claim.js'
import type { WarningCode } from '../terms.js'
import { Repeats } from './repeats.js'
import type { CountedWarning, WarningKind } from './warning.js'

/** The most attributes that are named; lines with others have a warning too. */
const MOST_NAMES = 100

/** The warnings of some lines. */
export interface Warnings {
  readonly kinds: readonly CountedWarning[]
  /** How many of the lines have any. */
  readonly lines: number
}

class Tally {
  lines = 0
  first = 0
  #last = 0

  constructor(readonly kind: WarningKind) {}

  /** Counts a line, once. */
  add(line: number): void {
    if (line === this.#last) return
    if (this.lines === 0) this.first = line
    this.lines += 1
    this.#last = line
  }

  /** Begins anew; the same line may come again. */
  reset(): void {
    this.lines = 0
    this.#last = 0
  }
}

/** What was remembered for a part of the file, so that it can be forgotten again. */
interface Part {
  readonly end: Checkpoint
  readonly added: readonly number[][]
  readonly names: readonly (readonly [Map<string, Tally>, string])[]
}

/** More than are read and not yet committed at any time. */
const KEPT_PARTS = 12

/**
 * Collects the warnings of a file's valid records, in the order in which they are read. What it remembers is bounded,
 * whatever the file: at most 100 names, and the hashes of `Repeats`.
 */
export class FileWarnings {
  readonly #most: (recordType: RecordType) => number
  readonly #types = new Map<RecordType, TypeWarnings>()
  #lines = 0
  #names = 0
  #added: (readonly [Map<string, Tally>, string])[] = []
  /** What comes before the parts. */
  #base: Checkpoint
  readonly #parts: Part[] = []

  /**
   * @param position where its file is read from
   * @param most how many records of a type the file has at most
   */
  constructor(position: Checkpoint, most: (recordType: RecordType) => number) {
    this.#base = position
    this.#most = most
  }

  /** Counts the warnings of a line, if it is a valid record. */
  add(line: number, examined: Examined): void {
    if (!isValid(examined)) return
    const { attributes } = examined
    const of = this.#of(examined.recordType)
    let isWarned = false
    if (attributes.external_ref === undefined) {
      of.noRef.add(line)
      isWarned = true
    }
    for (const name in attributes) {
      if (of.known.has(name)) continue
      this.#addName(of, line, name)
      isWarned = true
    }
    for (const inner of of.inline) {
      const value = attributes[inner.attribute]
      const isUnknown = Array.isArray(value)
        ? this.#addInner(of, line, value, `${inner.attribute}[]`, inner.known)
        : isObject(value) && this.#addInner(of, line, [value], inner.attribute, inner.known)
      if (isUnknown) isWarned = true
    }
    for (const { attribute, repeats, tally, added } of of.shared) {
      const value = attributes[attribute]
      if (typeof value === 'string' && repeats.add(value.toLowerCase(), added)) {
        tally.add(line)
        isWarned = true
      }
    }
    if (isWarned) this.#lines += 1
  }

  #addInner(
    of: TypeWarnings,
    line: number,
    elements: readonly unknown[],
    path: string,
    known: ReadonlySet<string>,
  ): boolean {
    let isUnknown = false
    for (const element of elements) {
      if (!isObject(element)) continue
      for (const name in element) {
        if (known.has(name)) continue
        this.#addName(of, line, `${path}.${name}`)
        isUnknown = true
      }
    }
    return isUnknown
  }

  #addName(of: TypeWarnings, line: number, given: string): void {
    const tally = of.names.get(given) ?? this.#tallyOf(of, excerpt(given))
    tally?.add(line)
  }

  /** Undefined: there are enough names. */
  #tallyOf(of: TypeWarnings, name: string): Tally | undefined {
    const known = of.names.get(name)
    if (known || this.#names === MOST_NAMES) return known
    this.#added.push([of.names, name])
    return this.#remember(of, name)
  }

  #remember({ type, names }: TypeWarnings, name: string): Tally {
    const tally = new Tally({ code: 'unknown_attribute', type, field: name })
    names.set(name, tally)
    this.#names += 1
    return tally
  }

  /** Takes over a name that was found in what was read before. */
  know(recordType: RecordType, name: string): void {
    this.#remember(this.#of(recordType), name)
  }

  #of(recordType: RecordType): TypeWarnings {
    let of = this.#types.get(recordType)
    if (!of) {
      of = new TypeWarnings(recordType, this.#most(recordType))
      this.#types.set(recordType, of)
    }
    return of
  }

  /** The warnings since the last time. @param end where the lines end that have them */
  take(end: Checkpoint): Warnings {
    const tallies = [...this.#types.values()].flatMap((of) => of.tallies).filter(({ lines }) => lines > 0)
    const kinds = tallies.map(({ kind, lines, first }) => ({ ...kind, lines, first }))
    const lines = this.#lines
    this.#parts.push({ end, added: this.#shared.map(({ added }) => added), names: this.#added })
    if (this.#parts.length > KEPT_PARTS) this.#base = this.#parts.shift()?.end ?? this.#base
    this.#begin()
    return { kinds, lines }
  }

  /** Takes what was read up to a place as counted before, and as never to be forgotten. */
  settle(place: Checkpoint): void {
    this.#base = place
    this.#parts.length = 0
    this.#begin()
  }

  /**
   * Forgets what was read after a place: a job that goes on reads it again.
   *
   * @returns whether it now knows exactly what comes before that place
   */
  rewindTo(place: Checkpoint): boolean {
    this.#forget({ added: this.#shared.map(({ added }) => added), names: this.#added })
    let last = this.#parts.at(-1)
    while (last && isAfter(last.end, place)) {
      this.#forget(last)
      this.#parts.pop()
      last = this.#parts.at(-1)
    }
    const position = last?.end ?? this.#base
    this.#begin()
    return !isAfter(position, place) && !isAfter(place, position)
  }

  #begin(): void {
    this.#lines = 0
    this.#added = []
    for (const of of this.#types.values()) {
      for (const tally of of.tallies) tally.reset()
      for (const shared of of.shared) shared.added = []
    }
  }

  #forget({ added, names }: Omit<Part, 'end'>): void {
    for (const [index, { repeats }] of this.#shared.entries()) repeats.undo(added[index] ?? [])
    for (const [map, name] of names) map.delete(name)
    this.#names -= names.length
  }

  /** Of all types, always in the same order. */
  get #shared(): readonly Shared[] {
    return [...this.#types.values()].flatMap(({ shared }) => shared)
  }

  /** How much memory it takes, but for a little. */
  get bytes(): number {
    return this.#shared.reduce((sum, { repeats }) => sum + repeats.bytes, 0)
  }
}

/** Of what changes a record, attributes may be missing. */
const isValid = (examined: Examined): examined is Extract<Examined, { kind: 'valid' | 'patch' }> =>
  examined.kind === 'valid' ||
  (examined.kind === 'patch' && examined.problems.every(({ code }) => code === 'required'))

const isAfter = (one: Checkpoint, other: Checkpoint): boolean =>
  one.pass > other.pass || (one.pass === other.pass && one.bytes > other.bytes)

/** An attribute that few records have in common. */
interface Shared {
  readonly attribute: string
  readonly repeats: Repeats
  readonly tally: Tally
  added: number[]
}

/** What is known and counted of the records of one type. */
class TypeWarnings {
  readonly type: string
  readonly known: ReadonlySet<string>
  readonly inline: readonly { readonly attribute: string; readonly known: ReadonlySet<string> }[]
  readonly noRef: Tally
  readonly names = new Map<string, Tally>()
  readonly shared: readonly Shared[]

  constructor(recordType: RecordType, most: number) {
    const { type, references, content, rarelyShared = {} } = recordType
    const tally = (code: WarningCode, field: string) => new Tally({ code, type, field })
    const lists = content ? content.holds : references
    this.type = type
    this.known = new Set([
      ...ownNames(recordType),
      ...lists.map(({ attribute }) => attribute),
      ...(content ? [...Object.keys(namingAttributes(content)), waysOf(content).inline] : []),
    ])
    this.inline = [
      ...lists.map(({ attribute, to }) => {
        const marks = attribute === content?.selects.attribute ? ['meta'] : []
        return { attribute, known: new Set([...ownNames(to), ...marks]) }
      }),
      ...(content ? [{ attribute: content.attribute, known: new Set(ownNames(content.to)) }] : []),
    ]
    this.noRef = tally('no_external_ref', 'external_ref')
    this.shared = Object.entries(rarelyShared).map(([attribute, code]) => ({
      attribute,
      repeats: new Repeats(most),
      tally: tally(code, attribute),
      added: [],
    }))
  }

  get tallies(): readonly Tally[] {
    return [this.noRef, ...this.shared.map((one) => one.tally), ...this.names.values()]
  }
}

const ownNames = ({ attributes }: RecordType): readonly string[] => Object.keys(attributes.properties)
