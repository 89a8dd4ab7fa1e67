import type { CopyLoan } from '../../db/copy/buffers.js'
import type { RecordType } from '../../records/record-type.js'
import { NewRecords } from '../../records/write/insert.js'
import {
  countReferences,
  isReferring,
  type Referring,
  referringOf,
  SharedReferring,
} from '../../records/write/referring.js'
import type { FanOut } from '../fan-out.js'
import type { LinePlace, Patch } from '../file/examine.js'
import type { Job } from '../queue/claim.js'
import { keepsJournal } from '../terms.js'

/**
 * Records of one type whose attributes are valid by themselves, in the order of the file. The database
 * decides whether their references and their `external_ref` are valid. A record's place, from 0, is its index
 * in all of these lists.
 */
export interface Candidates {
  readonly records: NewRecords
  /** The line of each. */
  line(place: number): LinePlace
  /** What they refer to, if the type has references. */
  readonly referring: readonly Referring[]
  /** Their `external_ref`s: chunks with none in common cannot conflict. */
  readonly refs: ReadonlySet<string>
  /** Whether two of them may have the same `external_ref`. */
  readonly mayRepeat: boolean
  /**
   * Where existing records are changed: the places in rounds, so that no round has an `external_ref` twice.
   * A line comes in a later round than those before it that share its own.
   */
  readonly rounds: readonly (readonly number[])[]
  /** Lines that may change existing records in part, in such rounds. They are none of the others. */
  readonly patches: readonly (readonly PlacedPatch[])[]
}

export interface PlacedPatch extends Patch {
  readonly line: LinePlace
}

type Attributes = Readonly<Record<string, unknown>>

/** Candidates while a chunk collects them. */
export class CandidatesInProgress implements Candidates {
  readonly records: NewRecords
  readonly referring: Referring[] = []
  readonly refs = new Set<string>()
  mayRepeat = false
  readonly rounds: number[][] = []
  readonly patches: PlacedPatch[][] = []
  /** Where existing records are changed: by `external_ref`, how many lines have it. */
  readonly #repeats: Map<string, number> | undefined
  // Numbers, not objects: the garbage collector moves around whatever waits for the database.
  readonly #numbers: number[] = []
  readonly #starts: number[] = []
  readonly #shared = new SharedReferring()
  readonly #now: string

  constructor(
    recordType: RecordType,
    { rowsOwnerId, onConflict }: Job,
    milliseconds: number,
    idOf: (line: number) => string,
    loan: CopyLoan,
  ) {
    this.#repeats = keepsJournal(onConflict) ? new Map() : undefined
    const id = (place: number) => idOf(this.#numbers[place] ?? 0)
    this.#now = new Date(milliseconds).toISOString()
    this.records = new NewRecords(recordType, rowsOwnerId, milliseconds, id, loan)
  }

  line(place: number): LinePlace {
    return { number: this.#numbers[place] ?? 0, start: this.#starts[place] ?? 0 }
  }

  /** Returns how many snapshots the record leads to, about. */
  add({ number, start }: LinePlace, attributes: Attributes, fanOut: FanOut): number {
    this.#numbers.push(number)
    this.#starts.push(start)
    this.records.add(attributes)
    const { external_ref: ref } = attributes
    if (typeof ref === 'string') {
      const before = this.refs.size
      this.refs.add(ref)
      if (this.refs.size === before) this.mayRepeat = true
    }
    if (this.#repeats) addToRound(this.rounds, this.#repeat(ref), this.#numbers.length - 1)
    const { recordType } = this.records
    if (!isReferring(recordType)) return 0
    const referring = this.#shared.share(referringOf(recordType, attributes, this.#now))
    this.referring.push(referring)
    const replaced = this.#repeats ? fanOut.heldPerRecord : 0
    return countReferences(referring, fanOut.perRecord) + replaced
  }

  /** Returns how many snapshots it may lead to, about. */
  addPatch(
    { number, start }: LinePlace,
    { externalRef, attributes, problems }: Patch,
    fanOut: FanOut,
  ): number {
    this.refs.add(externalRef)
    const patch = { line: { number, start }, externalRef, attributes, problems }
    addToRound(this.patches, this.#repeat(externalRef), patch)
    const { holds, content } = this.records.recordType
    if (holds.length === 0) return 0
    const listed = holds.map(({ attribute }) => attributes[attribute]).filter(Array.isArray)
    const named = content ? fanOut.perRecord : 0
    return listed.reduce((sum, { length }) => sum + length, named) + fanOut.heldPerRecord
  }

  /** How many lines before this one have its `external_ref`. */
  #repeat(ref: unknown): number {
    if (typeof ref !== 'string') return 0
    const round = this.#repeats?.get(ref) ?? 0
    this.#repeats?.set(ref, round + 1)
    return round
  }
}

function addToRound<One>(rounds: One[][], round: number, one: One): void {
  const others = rounds[round]
  if (others) others.push(one)
  else rounds.push([one])
}
