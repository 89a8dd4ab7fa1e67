import type { CopyBuffers, CopyLoan } from '../../db/copy/buffers.js'
import type { RecordType } from '../../records/record-type.js'
import type { UploadReader } from '../../uploads/store.js'
import type { FanOut } from '../fan-out.js'
import { type Examined, examineLine, type LinePlace, type LineProblem } from '../file/examine.js'
import type { Line } from '../file/lines.js'
import { type Pass, passes } from '../file/passes.js'
import { readLines } from '../file/read-lines.js'
import type { Checkpoint, Job } from '../queue/claim.js'
import { recordIds } from '../record-id.js'
import type { FileWarnings, Warnings } from '../warnings/file-warnings.js'
import { type Candidates, CandidatesInProgress } from './candidates.js'

/** Consecutive lines of a pass, read and validated, that one transaction writes. */
export interface Chunk {
  readonly candidates: ReadonlyMap<RecordType, Candidates>
  readonly problems: LineProblem[]
  /** Of lines that are valid by themselves, whatever the database says of them. */
  readonly warnings: Warnings
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
const CHUNK_RECORDS = 1000
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
/** Of a line that waits as an object. */
const MEMORY_OF_A_PATCHED_BYTE = 10

/** What of a file comes before. */
type Place = Pick<Checkpoint, 'bytes' | 'lines'>

/** What the chunks of a job have in common. */
interface Shared {
  readonly buffers: CopyBuffers
  readonly fanOut: FanOut
  readonly warnings: FileWarnings
}

/** Reads an import's file in chunks, from its checkpoint to the end, through all passes. */
export async function* readChunks(
  job: Job,
  reader: UploadReader,
  { buffers, fanOut, warnings }: Shared,
): AsyncGenerator<Chunk, void, undefined> {
  for (const pass of passes) {
    if (pass.number < job.checkpoint.pass) continue
    if (pass.number > 1 && [...pass.types].every(({ type }) => !job.uploaded[type])) continue
    const from = pass.number === job.checkpoint.pass ? job.checkpoint : { bytes: 0, lines: 0 }
    yield* readPass(job, reader, from, (at) => {
      return new ChunkInProgress(job, pass, at, { loan: buffers.lend(), fanOut, warnings })
    })
  }
}

async function* readPass(
  job: Job,
  reader: UploadReader,
  from: Place,
  begin: (at: Place) => ChunkInProgress,
): AsyncGenerator<Chunk, void, undefined> {
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
  readonly #warnings: FileWarnings
  readonly #candidates = new Map<RecordType, CandidatesInProgress>()
  readonly #problems: LineProblem[] = []
  #records = 0
  #recordBytes = 0
  #references = 0
  #rounds = 0
  #patchedBytes = 0
  /** Of patches, if they are no patches. */
  #possibleProblems = 0
  #end: Place

  constructor(
    job: Job,
    pass: Pass,
    from: Place,
    { loan, fanOut, warnings }: Pick<Shared, 'fanOut' | 'warnings'> & { readonly loan: CopyLoan },
  ) {
    this.#loan = loan
    this.#fanOut = fanOut
    this.#warnings = warnings
    this.#job = job
    this.#pass = pass
    this.#from = from
    this.#milliseconds = job.clock.now()
    this.#idOf = recordIds(job.id, this.#milliseconds)
    this.#end = from
  }

  add(line: Line): void {
    this.#end = { bytes: line.end, lines: line.number }
    const examined = examineLine(line, this.#pass, this.#job.maxLineBytes, this.#job.onConflict === 'patch')
    if ('recordType' in examined && !(examined.recordType.type in this.#job.uploaded)) {
      if (this.#pass.number === 1) this.#problems.push(newerType(line, examined.recordType))
      return
    }
    if (examined.kind === 'passed over' || examined.kind === 'of another pass') return
    if (examined.kind !== 'malformed') this.#recordBytes += line.bytes?.length ?? 0
    this.#warnings.add(line.number, examined)
    if (examined.kind === 'patch') this.#addPatch(line, examined)
    else if (examined.kind === 'valid') {
      const candidates = this.#candidatesOf(examined.recordType)
      this.#references += candidates.add(line, examined.attributes, this.#fanOut)
      this.#records += 1
      this.#rounds = Math.max(this.#rounds, candidates.rounds.length)
    } else this.#problems.push(...examined.problems)
  }

  #addPatch(line: Line, examined: Extract<Examined, { kind: 'patch' }>): void {
    const candidates = this.#candidatesOf(examined.recordType)
    this.#references += candidates.addPatch(line, examined, this.#fanOut)
    this.#records += 1
    this.#rounds = Math.max(this.#rounds, candidates.patches.length)
    this.#patchedBytes += line.bytes?.length ?? 0
    this.#possibleProblems += examined.problems.length
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
      this.#problems.length + this.#possibleProblems >= CHUNK_PROBLEMS ||
      this.#rounds >= CHUNK_ROUNDS ||
      this.#end.bytes - this.#from.bytes >= CHUNK_FILE_BYTES
    )
  }

  finish(): Chunk {
    const checkpoint = { pass: this.#pass.number, ...this.#end }
    return {
      candidates: this.#candidates,
      problems: this.#problems,
      milliseconds: this.#milliseconds,
      loan: this.#loan,
      warnings: this.#warnings.take(checkpoint),
      checkpoint,
      memory:
        this.#recordBytes * MEMORY_OF_A_BYTE +
        this.#patchedBytes * MEMORY_OF_A_PATCHED_BYTE +
        this.#references * MEMORY_OF_A_REFERENCE +
        (this.#problems.length + this.#possibleProblems) * MEMORY_OF_A_PROBLEM,
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
