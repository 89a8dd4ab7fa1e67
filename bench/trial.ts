import type { Progress } from './progress.js'

/** Something that can be measured again and again. `Readings` is what one run of it took. */
export interface Trial<Readings = unknown> {
  readonly name: string
  /** How many records one run works on. */
  readonly records: number
  /** Makes what all its runs share, unless it is there, so that none of them has the machine to share with that. */
  prepare(context: Context): Promise<void>
  /**
   * Does it once, in a fresh place, and tells what it took. Leaves nothing behind, also when it throws.
   *
   * @throws Error if what was done is not what was to be done: a wrong result has no speed. AbortError.
   */
  measure(context: Context): Promise<Readings>
}

/** What a trial is given. */
export interface Context {
  /** A folder for what trials and runs share. */
  readonly folder: string
  /** What `make` makes: it is called once for a name, and all others that ask are given the same. */
  once<T>(name: string, make: () => Promise<T>): Promise<T>
  /** Whether only the working counts, not the figures: what can be short is to be short. */
  readonly quick: boolean
  /** Aborted when the benchmark is to end: nothing is to be begun then, and what runs is to throw. */
  readonly signal: AbortSignal
  readonly progress: Progress
}

/** Makes a context's `once`. */
export function madeOnce(): Context['once'] {
  const made = new Map<string, Promise<unknown>>()
  return <T>(name: string, make: () => Promise<T>) => {
    const found = (made.get(name) as Promise<T> | undefined) ?? make()
    made.set(name, found)
    return found
  }
}
