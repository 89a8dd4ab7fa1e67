import type { CopyBuffers, CopyLoan } from '../../db/copy/buffers.js'
import type { RecordType } from '../../records/record-type.js'
import { NewRecords } from '../../records/write/insert.js'
import {
  countReferences,
  isReferring,
  type Referring,
  referringOf,
  SharedReferring,
} from '../../records/write/referring.js'
import type { UploadReader } from '../../uploads/store.js'
import type { FanOut } from '../fan-out.js'
import { examineLine, type LinePlace, type LineProblem } from '../file/examine.js'
import type { Line } from '../file/lines.js'
import { type Pass, passes } from '../file/passes.js'
import { readLines } from '../file/read-lines.js'
import type { Checkpoint, Job } from '../queue/claim.js'
import { recordIds } from '../record-id.js'
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
   * Where existing records are changed: the places in rounds, so that no round has an `external_ref` twice. A line
   * comes in a later round than those before it that share its own.
   */
  readonly rounds: readonly (readonly number[])[]
}

/** Consecutive lines of a pass, read and validated, that one transaction writes. */
export interface Chunk {
  readonly candidates: ReadonlyMap<RecordType, Candidates>
  readonly problems: LineProblem[]
  /** Milliseconds since 1970: `created_at` of what the chunk adds. */
  readonly milliseconds: number
  /** The job's checkpoint once this chunk is committed. */
  readonly checkpoint: Checkpoint
  /**
   * The buffers that its records are in, and all that is written with them. Released once it is committed.
   */
  readonly loan: CopyLoan
  /** Roughly how much memory it takes until then, in bytes. */
  readonly memory: number
}

/**
 * A chunk ends with the line that reaches one of these. They bound memory and the duration of a transaction:
 * everything that a line can have many of is counted here. A single line has at most 1,000 references of a
 * kind, or the name of a record that holds as many, and 1,001 problems. A round takes a few statements.
 */
const CHUNK_RECORDS = 2000
const CHUNK_RECORD_BYTES = 2 ** 20
const CHUNK_REFERENCES = 20_000
const CHUNK_PROBLEMS = 5000
const CHUNK_FILE_BYTES = 16 * 2 ** 20
const CHUNK_ROUNDS = 100

/**
 * Their memory, in bytes: for a line, its record's row in a buffer that has grown by doubling; for a
 * reference, its text, what it leads to, and the problem if it leads nowhere; for a problem, its sentence.
 */
const MEMORY_OF_A_BYTE = 2
const MEMORY_OF_A_REFERENCE = 512
const MEMORY_OF_A_PROBLEM = 512

/** What of a file comes before. */
type Place = Pick<Checkpoint, 'bytes' | 'lines'>

/** Reads an import's file in chunks, from its checkpoint to the end, through all passes. */
export async function* readChunks(
  job: Job,
  reader: UploadReader,
  buffers: CopyBuffers,
  fanOut: FanOut,
): AsyncGenerator<Chunk, void, undefined> {
  for (const pass of passes) {
    if (pass.number < job.checkpoint.pass) continue
    if (pass.number > 1 && [...pass.types].every(({ type }) => !job.uploaded[type])) continue
    const from = pass.number === job.checkpoint.pass ? job.checkpoint : { bytes: 0, lines: 0 }
    yield* readPass(job, reader, pass, from, buffers, fanOut)
  }
}

async function* readPass(
  job: Job,
  reader: UploadReader,
  pass: Pass,
  from: Place,
  buffers: CopyBuffers,
  fanOut: FanOut,
): AsyncGenerator<Chunk, void, undefined> {
  const begin = (at: Place) => new ChunkInProgress(job, pass, at, buffers.lend(), fanOut)
  let chunk = begin(from)
  for await (const lines of readLines(job, reader, from)) {
    for (const line of lines) {
      chunk.add(line)
      if (chunk.isFull) {
        yield chunk.finish()
        chunk = begin({ bytes: line.end, lines: line.number })
      }
    }
  }
  if (chunk.hasLines) yield chunk.finish()
}

/** Collects lines until there are enough for a chunk. */
class ChunkInProgress {
  readonly #job: Job
  readonly #pass: Pass
  readonly #from: Place
  readonly #milliseconds: number
  readonly #idOf: (line: number) => string
  readonly #loan: CopyLoan
  readonly #fanOut: FanOut
  readonly #candidates = new Map<RecordType, CandidatesInProgress>()
  readonly #problems: LineProblem[] = []
  #records = 0
  #recordBytes = 0
  #references = 0
  #rounds = 0
  #end: Place

  constructor(job: Job, pass: Pass, from: Place, loan: CopyLoan, fanOut: FanOut) {
    this.#loan = loan
    this.#fanOut = fanOut
    this.#job = job
    this.#pass = pass
    this.#from = from
    this.#milliseconds = job.clock.now()
    this.#idOf = recordIds(job.id, this.#milliseconds)
    this.#end = from
  }

  add(line: Line): void {
    this.#end = { bytes: line.end, lines: line.number }
    const examined = examineLine(line, this.#pass, this.#job.maxLineBytes)
    if ('recordType' in examined && !(examined.recordType.type in this.#job.uploaded)) {
      if (this.#pass.number === 1) this.#problems.push(newerType(line, examined.recordType))
      return
    }
    if (examined.kind === 'passed over' || examined.kind === 'of another pass') return
    if (examined.kind !== 'malformed') this.#recordBytes += line.bytes?.length ?? 0
    if (examined.kind === 'valid') {
      const candidates = this.#candidatesOf(examined.recordType)
      this.#references += candidates.add(line, examined.attributes, this.#fanOut)
      this.#records += 1
      this.#rounds = Math.max(this.#rounds, candidates.rounds.length)
    } else this.#problems.push(...examined.problems)
  }

  #candidatesOf(recordType: RecordType): CandidatesInProgress {
    let candidates = this.#candidates.get(recordType)
    if (!candidates) {
      candidates = new CandidatesInProgress(recordType, this.#job, this.#milliseconds, this.#idOf, this.#loan)
      this.#candidates.set(recordType, candidates)
    }
    return candidates
  }

  get hasLines(): boolean {
    return this.#end.lines > this.#from.lines
  }

  get isFull(): boolean {
    return (
      this.#records >= CHUNK_RECORDS ||
      this.#recordBytes >= CHUNK_RECORD_BYTES ||
      this.#references >= CHUNK_REFERENCES ||
      this.#problems.length >= CHUNK_PROBLEMS ||
      this.#rounds >= CHUNK_ROUNDS ||
      this.#end.bytes - this.#from.bytes >= CHUNK_FILE_BYTES
    )
  }

  finish(): Chunk {
    return {
      candidates: this.#candidates,
      problems: this.#problems,
      milliseconds: this.#milliseconds,
      loan: this.#loan,
      checkpoint: { pass: this.#pass.number, ...this.#end },
      memory:
        this.#recordBytes * MEMORY_OF_A_BYTE +
        this.#references * MEMORY_OF_A_REFERENCE +
        this.#problems.length * MEMORY_OF_A_PROBLEM,
    }
  }
}

/**
 * A line stays what it was when its file was received, or the import's counts would differ from those of the
 * 201.
 */
const newerType = ({ number, start }: LinePlace, { type }: RecordType): LineProblem => ({
  line: { number, start },
  type,
  code: 'unknown_type',
  field: '',
  error: `type "${type}" was not known yet when the file was received; post the line again`,
  externalRef: undefined,
})

type Attributes = Readonly<Record<string, unknown>>

class CandidatesInProgress implements Candidates {
  readonly records: NewRecords
  readonly referring: Referring[] = []
  readonly refs = new Set<string>()
  mayRepeat = false
  readonly rounds: number[][] = []
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
    if (this.#repeats) this.#addToRound(this.#repeats, ref)
    const { recordType } = this.records
    if (!isReferring(recordType)) return 0
    const referring = this.#shared.share(referringOf(recordType, attributes, this.#now))
    this.referring.push(referring)
    const replaced = this.#repeats ? fanOut.heldPerRecord : 0
    return countReferences(referring, fanOut.perRecord) + replaced
  }

  #addToRound(repeats: Map<string, number>, ref: unknown): void {
    const round = typeof ref === 'string' ? (repeats.get(ref) ?? 0) : 0
    if (typeof ref === 'string') repeats.set(ref, round + 1)
    const places = this.rounds[round]
    if (places) places.push(this.#numbers.length - 1)
    else this.rounds.push([this.#numbers.length - 1])
  }
}
