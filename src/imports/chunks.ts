import { recordTypes } from '../records/index.js'
import { NewRecords } from '../records/insert.js'
import type { RecordType } from '../records/record-type.js'
import { isStorableText, type Problem, validateRecord } from '../records/validate.js'
import { UploadMissing, type UploadReader } from '../uploads/store.js'
import { type Line, LineSplitter, readLine } from './lines.js'
import type { Checkpoint, Job } from './queue.js'
import { recognizeRecord } from './recognize.js'
import { recordIds } from './record-id.js'

/** Which line, from 1, and where in the file it begins, in bytes. */
export interface LinePlace {
  readonly number: number
  readonly start: number
}

/** A problem and where it is. */
export interface LineProblem extends Problem {
  readonly line: LinePlace
  readonly externalRef: string | undefined
}

/**
 * Records of one type whose attributes are valid by themselves, in the order of the file. Whether their references and
 * their `external_ref` hold, the database says. A record's place, from 0, is its place in all of these.
 */
export interface Candidates {
  readonly records: NewRecords
  /** Where each stands. */
  line(place: number): LinePlace
  /** What they refer to: the attributes with the lists of references, of a type that has any. */
  readonly referring: readonly Readonly<Record<string, unknown>>[]
  /** What identifies their `external_ref`s: chunks that have none in common cannot be in each other's way. */
  readonly refs: ReadonlySet<string>
  /** Whether two of them may have the same `external_ref`. */
  readonly mayRepeat: boolean
}

/** Some consecutive lines of a pass, read and validated: what one transaction writes. */
export interface Chunk {
  readonly candidates: ReadonlyMap<RecordType, Candidates>
  readonly problems: LineProblem[]
  /** Since 1970: `created_at` of what the chunk adds. */
  readonly milliseconds: number
  /** Where the job is once this chunk is committed. */
  readonly checkpoint: Checkpoint
}

/** A chunk ends with the line that reaches one of these. They bound memory and the length of a transaction. */
const CHUNK_RECORDS = 2000
const CHUNK_RECORD_BYTES = 2 ** 20
const CHUNK_PROBLEMS = 5000
const CHUNK_FILE_BYTES = 16 * 2 ** 20

const READ_BYTES = 256 * 2 ** 10

/**
 * The passes over a file. Records that refer to others come after all that they may refer to, wherever they stand.
 * A pass after the first reads only lines that may hold a type of its own.
 */
const passes: readonly (readonly RecordType[])[] = [
  recordTypes.filter(({ references }) => references.length === 0),
  recordTypes.filter(({ references }) => references.length > 0),
]

/** Reads an import's file in chunks, from its checkpoint to its end, through all passes. */
export async function* readChunks(job: Job, reader: UploadReader): AsyncGenerator<Chunk, void, undefined> {
  for (const [index, types] of passes.entries()) {
    const pass = index + 1
    if (pass < job.checkpoint.pass) continue
    const isFirst = index === 0
    if (!isFirst && types.every(({ type }) => job.uploaded[type] === 0)) continue
    const from = pass === job.checkpoint.pass ? job.checkpoint : { bytes: 0, lines: 0 }
    yield* readPass(job, reader, { pass, types, isFirst, from })
  }
}

interface Pass {
  readonly pass: number
  readonly types: readonly RecordType[]
  readonly isFirst: boolean
  readonly from: { readonly bytes: number; readonly lines: number }
}

async function* readPass(
  job: Job,
  reader: UploadReader,
  { pass, types, isFirst, from }: Pass,
): AsyncGenerator<Chunk, void, undefined> {
  const { fileBytes, maxLineBytes } = job
  const splitter = new LineSplitter(maxLineBytes, from)
  const wanted = new Set(types)
  const names = types.map(({ type }) => Buffer.from(type))
  const buffer = Buffer.allocUnsafe(READ_BYTES)
  let chunk = new ChunkInProgress(job, pass, from)

  for (let position = from.bytes; position < fileBytes; ) {
    const length = await reader.read(buffer, position)
    if (length === 0) throw new UploadMissing(`The uploaded file ends at byte ${position} of ${fileBytes}.`)
    position += length
    const isLast = position >= fileBytes
    for (const lines of isLast
      ? [splitter.push(buffer.subarray(0, length)), splitter.end()]
      : [splitter.push(buffer.subarray(0, length))]) {
      for (const line of lines) {
        if (isFirst ? isOfLaterPass(line) : !mayHold(line, names)) chunk.skip(line)
        else chunk.add(line, maxLineBytes, wanted, isFirst)
        if (chunk.isFull) {
          yield chunk.finish()
          chunk = new ChunkInProgress(job, pass, { bytes: line.end, lines: line.number })
        }
      }
    }
  }
  if (chunk.hasLines) yield chunk.finish()
}

/** Whether a line may be a record of a type: it has the type's name in plain letters, or something escaped. */
function mayHold({ bytes }: Line, names: readonly Buffer[]): boolean {
  return bytes !== null && (names.some((name) => bytes.includes(name)) || bytes.includes('\\u'))
}

const namesOfLaterPasses = passes.slice(1).flatMap((types) => types.map(({ type }) => Buffer.from(type)))

/** Whether a line is a well-formed record that the first pass has nothing to do with: it need not be parsed to be known. */
function isOfLaterPass({ bytes }: Line): boolean {
  if (bytes === null || !namesOfLaterPasses.some((name) => bytes.includes(name))) return false
  const recordType = recognizeRecord(bytes)
  return recordType !== undefined && recordType.references.length > 0
}

/** Collects lines until there are enough for a chunk. */
class ChunkInProgress {
  readonly #job: Job
  readonly #pass: number
  readonly #from: { readonly bytes: number; readonly lines: number }
  readonly #milliseconds = Date.now()
  readonly #idOf: (line: number) => string
  readonly #candidates = new Map<RecordType, CandidatesInProgress>()
  readonly #problems: LineProblem[] = []
  #records = 0
  #recordBytes = 0
  #end: { readonly bytes: number; readonly lines: number }

  constructor(job: Job, pass: number, from: { readonly bytes: number; readonly lines: number }) {
    this.#job = job
    this.#pass = pass
    this.#from = from
    this.#idOf = recordIds(job.id, this.#milliseconds)
    this.#end = from
  }

  add(line: Line, maxLineBytes: number, wanted: ReadonlySet<RecordType>, reportsMalformed: boolean): void {
    this.skip(line)
    const { number, start } = line
    const content = readLine(line, maxLineBytes)
    if (content.kind === 'malformed' && reportsMalformed) {
      this.#problems.push({
        line: { number, start },
        field: '',
        error: content.error,
        externalRef: undefined,
      })
    }
    if (content.kind !== 'record' || !wanted.has(content.recordType)) return
    const { recordType, attributes } = content
    const problems = validateRecord(recordType, attributes)
    this.#recordBytes += line.bytes?.length ?? 0
    if (problems.length > 0) {
      const externalRef = showableRef(attributes)
      for (const problem of problems)
        this.#problems.push({ ...problem, line: { number, start }, externalRef })
      return
    }
    this.#candidatesOf(recordType).add(line, attributes as Attributes)
    this.#records += 1
  }

  #candidatesOf(recordType: RecordType): CandidatesInProgress {
    let candidates = this.#candidates.get(recordType)
    if (!candidates) {
      candidates = new CandidatesInProgress(recordType, this.#job.ownerId, this.#milliseconds, this.#idOf)
      this.#candidates.set(recordType, candidates)
    }
    return candidates
  }

  skip(line: Line): void {
    this.#end = { bytes: line.end, lines: line.number }
  }

  get hasLines(): boolean {
    return this.#end.lines > this.#from.lines
  }

  get isFull(): boolean {
    return (
      this.#records >= CHUNK_RECORDS ||
      this.#recordBytes >= CHUNK_RECORD_BYTES ||
      this.#problems.length >= CHUNK_PROBLEMS ||
      this.#end.bytes - this.#from.bytes >= CHUNK_FILE_BYTES
    )
  }

  finish(): Chunk {
    return {
      candidates: this.#candidates,
      problems: this.#problems,
      milliseconds: this.#milliseconds,
      checkpoint: { pass: this.#pass, ...this.#end },
    }
  }
}

type Attributes = Readonly<Record<string, unknown>>

class CandidatesInProgress implements Candidates {
  readonly records: NewRecords
  readonly referring: Attributes[] = []
  readonly refs = new Set<string>()
  mayRepeat = false
  // Numbers, not objects: whatever waits for the database, the garbage collector moves about.
  readonly #numbers: number[] = []
  readonly #starts: number[] = []

  constructor(recordType: RecordType, ownerId: string, milliseconds: number, idOf: (line: number) => string) {
    this.records = new NewRecords(recordType, ownerId, milliseconds, (place) =>
      idOf(this.#numbers[place] ?? 0),
    )
  }

  line(place: number): LinePlace {
    return { number: this.#numbers[place] ?? 0, start: this.#starts[place] ?? 0 }
  }

  add({ number, start }: LinePlace, attributes: Attributes): void {
    this.#numbers.push(number)
    this.#starts.push(start)
    this.records.add(attributes)
    if (this.records.recordType.references.length > 0) this.referring.push(attributes)
    const { external_ref: ref } = attributes
    if (typeof ref !== 'string') return
    const before = this.refs.size
    this.refs.add(identifying(ref))
    if (this.refs.size === before) this.mayRepeat = true
  }
}

/** A long one by its beginning alone, for an index knows it by that and a digest (migration 0001). */
const identifying = (ref: string): string => (ref.length > 200 ? ref.slice(0, 200) : ref)

/** The `external_ref` of a record that is wrong elsewhere, if it can be shown. */
function showableRef(attributes: unknown): string | undefined {
  const ref = (attributes as { external_ref?: unknown } | null | undefined)?.external_ref
  // At most 2048 code points, which are at most twice as many UTF-16 units.
  return typeof ref === 'string' && ref.length <= 4096 && [...ref].length <= 2048 && isStorableText(ref)
    ? ref
    : undefined
}
