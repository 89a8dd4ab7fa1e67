import { setImmediate } from 'node:timers/promises'
import type { Logger } from 'pino'
import { DatabaseClock } from '../db/clock.js'
import { CopyBuffers } from '../db/copy/buffers.js'
import { noCounts } from '../imports/counts.js'
import { FanOut } from '../imports/fan-out.js'
import type { Checkpoint, Job } from '../imports/queue/claim.js'
import { FileWarnings } from '../imports/warnings/file-warnings.js'
import { readChunks } from '../imports/work/chunks.js'
import { recordTypes } from '../records/index.js'
import type { UploadReader } from '../uploads/store.js'
import { exampleFile } from './example-file.js'

/** How often the file is read: some 0.4 s of CPU in all. More gains nothing (docs/decisions/0066). */
const ROUNDS = 5

/** Read at a time, in bytes: some 2 ms of work before anything is compiled. */
const SLICE_BYTES = 8 * 2 ** 10

const RECORDS_OF_A_TYPE = 200

const NIL_UUID = '00000000-0000-0000-0000-000000000000'
const START: Checkpoint = { pass: 1, bytes: 0, lines: 0 }

/**
 * Reads, validates and encodes an example file, again and again, while there is nothing to import: V8
 * compiles functions once they have run often, and would otherwise do so during the first import. Nothing
 * gets to the database.
 */
export class WarmUp {
  readonly #ended = new AbortController()
  readonly #logger: Logger
  #isBegun = false

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** Begins, unless it has begun or ended already. Returns at once. */
  begin(): void {
    if (this.#isBegun || this.#ended.signal.aborted) return
    this.#isBegun = true
    this.#run().catch((error: Error) => {
      if (!this.#ended.signal.aborted)
        this.#logger.warn({ err: error }, 'the worker could not warm itself up')
    })
  }

  /** Ends it within a few ms: there is something to import, or the process stops. */
  end(): void {
    this.#ended.abort()
  }

  async #run(): Promise<void> {
    const file = exampleFile(RECORDS_OF_A_TYPE)
    const job = exampleJob(file)
    const reader = new SlicedReader(file, this.#ended.signal)
    const buffers = new CopyBuffers()
    for (let round = 1; round <= ROUNDS; round += 1) {
      const fanOut = new FanOut()
      const warnings = new FileWarnings(START, () => RECORDS_OF_A_TYPE)
      for await (const { loan } of readChunks(job, reader, { buffers, fanOut, warnings })) loan.release()
    }
  }
}

/** A file in memory, which lets others have their turn before each slice of it. */
class SlicedReader implements UploadReader {
  readonly #file: Buffer
  readonly #ended: AbortSignal

  constructor(file: Buffer, ended: AbortSignal) {
    this.#file = file
    this.#ended = ended
  }

  async read(buffer: Buffer, position: number): Promise<number> {
    await setImmediate(undefined, { signal: this.#ended })
    return this.#file.copy(buffer, 0, position, Math.min(position + SLICE_BYTES, this.#file.length))
  }

  async close(): Promise<void> {}
}

const exampleJob = (file: Buffer): Job => ({
  id: NIL_UUID,
  ownerId: NIL_UUID,
  undoOf: undefined,
  rowsOwnerId: NIL_UUID,
  visibleOwnerIds: [NIL_UUID],
  fence: 1,
  attempts: 0,
  claims: 1,
  uploadStore: '',
  uploadKey: '',
  fileBytes: file.length,
  maxLineBytes: file.length,
  dryRun: false,
  onConflict: 'reject',
  maxErrors: undefined,
  rejected: 0,
  uploaded: {
    ...noCounts(),
    ...Object.fromEntries(recordTypes.map(({ type }) => [type, RECORDS_OF_A_TYPE])),
  },
  checkpoint: START,
  clock: new DatabaseClock(Date.now()),
})
