import type { Pool } from '../../db/pool.js'
import { recordTypeOf } from '../../records/index.js'
import type { RecordType } from '../../records/record-type.js'
import type { UploadReader } from '../../uploads/store.js'
import { examineLine } from '../file/examine.js'
import { type Pass, passes } from '../file/passes.js'
import { readLines } from '../file/read-lines.js'
import type { Job } from '../queue/claim.js'
import { FileWarnings } from './file-warnings.js'
import { namedAttributes } from './stored.js'

/** How much memory what is kept may take, in bytes. */
const MOST_BYTES = 64 * 2 ** 20
const MOST_JOBS = 100

/**
 * What is remembered of the files of jobs that wait for their next turn, so that these need not be read again from
 * the start. What does not fit is forgotten, the oldest first, and then read again.
 */
export class WarningsOfJobs {
  readonly #kept = new Map<string, FileWarnings>()

  /**
   * The warnings of a job's file, which know what comes before its checkpoint.
   *
   * @returns undefined if `stop` is signalled meanwhile
   */
  async take(
    pool: Pool,
    job: Job,
    reader: UploadReader,
    stop: AbortSignal,
  ): Promise<FileWarnings | undefined> {
    const kept = this.#kept.get(job.id)
    this.#kept.delete(job.id)
    if (kept?.rewindTo(job.checkpoint)) return kept
    const warnings = new FileWarnings(job.checkpoint, ({ type }) => job.uploaded[type] ?? 0)
    if (job.checkpoint.bytes === 0 && job.checkpoint.pass === 1) return warnings
    for (const { type, field } of await namedAttributes(pool, job)) {
      const recordType = recordTypeOf(type)
      if (recordType) warnings.know(recordType, field)
    }
    return (await readAgain(job, reader, warnings, stop)) ? warnings : undefined
  }

  /** Keeps what a job that is not at its end will need. */
  keep({ id }: Job, warnings: FileWarnings): void {
    this.#kept.set(id, warnings)
    let bytes = 0
    for (const one of this.#kept.values()) bytes += one.bytes
    for (const [oldest, one] of this.#kept) {
      if (bytes <= MOST_BYTES && this.#kept.size <= MOST_JOBS) break
      this.#kept.delete(oldest)
      bytes -= one.bytes
    }
  }
}

/** Reads the records again whose values are to be remembered. Returns whether it was not stopped. */
async function readAgain(
  job: Job,
  reader: UploadReader,
  warnings: FileWarnings,
  stop: AbortSignal,
): Promise<boolean> {
  const { checkpoint } = job
  const pass = passes.find(({ number }) => number === checkpoint.pass)
  const types = [...(pass?.types ?? [])].filter(isRemembered).filter(({ type }) => job.uploaded[type])
  if (!pass || types.length === 0) return true
  const wanted = onlyOf(pass, types)
  const before = { fileBytes: checkpoint.bytes, maxLineBytes: job.maxLineBytes }
  for await (const lines of readLines(before, reader, { bytes: 0, lines: 0 })) {
    if (stop.aborted) return false
    for (const line of lines) {
      // What is read at a time goes beyond the checkpoint.
      if (line.number > checkpoint.lines) break
      warnings.add(line.number, examineLine(line, wanted, job.maxLineBytes, job.onConflict === 'patch'))
    }
  }
  warnings.settle(checkpoint)
  return true
}

const isRemembered = ({ rarelyShared }: RecordType): boolean => rarelyShared !== undefined

/** A pass that leaves out everything else, which is quicker where it is not the first. */
function onlyOf(pass: Pass, types: readonly RecordType[]): Pass {
  const names = types.map(({ type }) => Buffer.from(`"${type}"`))
  return { ...pass, number: Number.POSITIVE_INFINITY, types: new Set(types), names }
}
