import { passes } from './file/passes.js'
import type { Counts } from './terms.js'

/** How far a job is, and what its file contains. */
export interface Worked {
  readonly uploaded: Counts
  readonly file: { readonly bytes: number; readonly lines: number }
  /** The pass, and how much of the file it has read. */
  readonly checkpoint: { readonly pass: number; readonly bytes: number }
}

/** What reading a line costs, as a fraction of what writing a record costs. */
const COST_OF_A_LINE = 1 / 20

/** It is 1 only for what has reached its end. */
const LARGEST = 0.9999

/**
 * How much of an import's work is done, from 0 to less than 1, whether its lines were imported, skipped or
 * rejected. It follows from the checkpoint alone, so it never goes backwards (contract 6).
 */
export function progressOf({ uploaded, file, checkpoint }: Worked): number {
  let done = 0
  let all = 0
  for (const { number, types } of passes) {
    const records = [...types].reduce((sum, { type }) => sum + (uploaded[type] ?? 0), 0)
    if (records === 0 && number > 1) continue
    const work = records + file.lines * COST_OF_A_LINE
    all += work
    if (number < checkpoint.pass) done += work
    else if (number === checkpoint.pass)
      done += work * Math.min(checkpoint.bytes / Math.max(file.bytes, 1), 1)
  }
  return Math.min(Math.floor((done / all) * 10_000) / 10_000, LARGEST)
}
