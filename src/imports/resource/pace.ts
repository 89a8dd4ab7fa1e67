/** What was seen of a work's progress, from 0 to 1, at a moment in ms of a clock that is never set. */
interface Seen {
  readonly progress: number
  readonly at: number
}

/** How far back the rate looks. */
const WINDOW_MS = 10_000

/** After less time than this, a rate says little. */
const LEAST_MS = 500

/** How long what is shown moves on without anything new: as long as a large chunk may take. */
const AHEAD_MS = 5000

/** Only what has reached its end shows 1. */
const LARGEST = 0.9999

/**
 * The pace of a work, for the command line and the console, whose progress is seen now and then. What is shown
 * of it moves on evenly in between, and never back. All moments are in ms of one clock.
 */
export class Pace {
  #seen: readonly Seen[] = []
  /** When the progress was last seen to be different. */
  #changed: Seen | undefined
  #shown = 0

  saw(progress: number, at: number): void {
    const first = this.#seen.findLastIndex((seen) => at - seen.at >= WINDOW_MS)
    this.#seen = [...this.#seen.slice(Math.max(first, 0)), { progress, at }]
    if (this.#changed?.progress !== progress) this.#changed = { progress, at }
  }

  /** Nothing is known of the pace until it is seen again. */
  interrupt(): void {
    this.#seen = []
  }

  /** Progress in a millisecond; undefined: unknown. */
  get rate(): number | undefined {
    const [first, last] = [this.#seen[0], this.#seen.at(-1)]
    if (!first || !last || last.at - first.at < LEAST_MS || last.progress <= first.progress) return undefined
    return (last.progress - first.progress) / (last.at - first.at)
  }

  /** What to show at a moment. */
  shownAt(now: number): number {
    const { progress, at } = this.#changed ?? { progress: 0, at: now }
    const ahead = (this.rate ?? 0) * Math.min(now - at, AHEAD_MS)
    const likely = progress === 1 ? 1 : Math.min(progress + ahead, LARGEST)
    this.#shown = Math.max(this.#shown, likely)
    return this.#shown
  }

  /** How much longer it will take at this rate; undefined: unknown. */
  msLeftAt(now: number): number | undefined {
    return this.rate === undefined ? undefined : (1 - this.shownAt(now)) / this.rate
  }
}
