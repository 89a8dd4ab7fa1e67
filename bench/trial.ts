import type { Progress } from './progress.js'
import type { Server } from './server.js'

/** Something that can be measured repeatedly. `Readings` is the result of one run. */
export interface Trial<Readings = unknown> {
  readonly name: string
  /** How many records one run processes. */
  readonly records: number
  /** Creates what all its runs share, unless it exists, so that this work does not disturb any of them. */
  prepare(context: Context): Promise<void>
  /**
   * Runs it once, in a fresh place, and returns the readings. Leaves nothing behind, even if it throws.
   *
   * @throws Error if the result is wrong: a wrong result has no speed. AbortError.
   */
  measure(context: Context): Promise<Readings>
}

/** What a trial needs. */
export interface Context {
  /** A folder for what trials and runs share. */
  readonly folder: string
  /** What `make` creates: it is called once for a name, and everybody else who asks gets the same. */
  once<T>(name: string, make: () => Promise<T>): Promise<T>
  /**
   * Gives `use` a server on which its store has nothing yet: a fresh one, which ends after it. When only checking
   * that everything works, it is one server for all, and a new store on it.
   */
  withEmptyServer<T>(use: (server: Server) => Promise<T>): Promise<T>
  /** Whether this only checks that everything works: then whatever can be short is short. */
  readonly quick: boolean
  /** Aborted when the benchmark is to end: then nothing new starts, and whatever runs throws. */
  readonly signal: AbortSignal
  readonly progress: Progress
}

/** Creates a context's `once`. */
export function madeOnce(): Context['once'] {
  const made = new Map<string, Promise<unknown>>()
  return <T>(name: string, make: () => Promise<T>) => {
    const found = (made.get(name) as Promise<T> | undefined) ?? make()
    made.set(name, found)
    return found
  }
}
