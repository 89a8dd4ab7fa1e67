import type { Progress } from './progress.js'

/** One row of the table: something that can be measured again and again. */
export interface Row {
  /** What the first column says. */
  readonly name: string
  /** How many records one run works on. */
  readonly records: number
  /** The most that the ratio of its measurements is to be, if it has one. */
  readonly targetRatio?: number
  /** Makes what all its runs share, unless it is there, so that none of them has the machine to share with that. */
  prepare(context: Context): Promise<void>
  /**
   * Does it once, in a fresh place, and tells what it took. Leaves nothing behind, also when it throws.
   *
   * @throws Error if what was done is not what was to be done: a wrong result has no speed. AbortError.
   */
  measure(context: Context): Promise<Measurement>
}

/** What one run took. A row leaves out what it does not have. */
export interface Measurement {
  readonly wallSeconds?: number | undefined
  /** What one request took, the median of many. */
  readonly requestSeconds?: number | undefined
  /** What it is compared with: what the same took in a smaller or simpler case. */
  readonly baseSeconds?: number | undefined
  /** How many times the base that is. */
  readonly ratio?: number | undefined
  readonly uploadSeconds?: number | undefined
  readonly nodePeakBytes?: number | undefined
  readonly postgresPeakBytes?: number | undefined
}

/** What a row is given for one run. */
export interface Context {
  /** The path of a generated file of so many records. */
  file(records: number): Promise<string>
  /** The path of a data directory in which a server has imported so many products, all of the default store. */
  products(records: number): Promise<string>
  /** Aborted when the benchmark is to end: nothing is to be begun then, and what runs is to throw. */
  readonly signal: AbortSignal
  readonly progress: Progress
}
