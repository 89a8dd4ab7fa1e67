import type { Progress } from './progress.js'

/** One row of the table: something that can be measured again and again. */
export interface Row {
  /** What the first column says. */
  readonly name: string
  /** How many records one run works on. */
  readonly records: number
  /**
   * Does it once, in a fresh place, and tells what it took. Leaves nothing behind, also when it throws.
   *
   * @throws Error if what was done is not what was to be done: a wrong result has no speed. AbortError.
   */
  measure(context: Context): Promise<Measurement>
}

/** What one run took. A row leaves out what it does not have. */
export interface Measurement {
  readonly wallSeconds: number
  readonly uploadSeconds?: number | undefined
  readonly nodePeakBytes?: number | undefined
  readonly postgresPeakBytes?: number | undefined
}

/** What a row is given for one run. */
export interface Context {
  /** The path of a generated file of so many records. */
  file(records: number): Promise<string>
  /** Aborted when the benchmark is to end: nothing is to be begun then, and what runs is to throw. */
  readonly signal: AbortSignal
  readonly progress: Progress
}
