import { clearInterval, setInterval } from 'node:timers'
import { isUnderWay, tallyOf } from '../../imports/resource/outcome.js'
import { Pace } from '../../imports/resource/pace.js'
import type { ImportResource } from '../../imports/resource/schema.js'
import { counted, number } from '../../text/numbers.js'
import { clock } from '../terminal/clock.js'
import type { Reporter } from '../terminal/progress.js'
import type { Server } from './find-server.js'
import { followImport } from './follow.js'

/** How often what is shown moves. */
const DRAW_MS = 250

/** Shows how far an import is until it has ended. @throws CommandError, and the signal's reason */
export async function watchImport(
  server: Server,
  received: ImportResource,
  reporter: Reporter,
  signal: AbortSignal,
): Promise<ImportResource> {
  const progress = reporter.start(received.meta.dry_run ? 'rehearsing' : 'importing', 1)
  const watched = new Watched(received)
  const draw = () => progress.update(...watched.at(performance.now()))
  const timer = setInterval(draw, DRAW_MS)
  try {
    const ended = await followImport(server, received.id, {
      onState: (state) => {
        watched.saw(state, performance.now())
        draw()
      },
      onLost: () => watched.lose(),
      say: reporter.say,
      signal,
    })
    progress.finish(`${received.meta.dry_run ? 'rehearsed' : 'imported'} ${outcomeOf(ended)}`)
    return ended
  } finally {
    clearInterval(timer)
  }
}

/** An import that is followed, for a person. Moments are in ms of one clock. */
class Watched {
  readonly #pace = new Pace()
  #state: ImportResource
  #startedAt: number | undefined
  #isAway = false

  constructor(received: ImportResource) {
    this.#state = received
  }

  saw(state: ImportResource, at: number): void {
    this.#state = state
    // Not by this machine's clock, which may differ from the server's.
    const { started_at, updated_at } = state.meta.timestamps
    if (started_at !== undefined)
      this.#startedAt ??= at - Math.max(0, Date.parse(updated_at) - Date.parse(started_at))
    // The time in the queue says nothing about the pace.
    if (state.attributes.status !== 'pending') this.#pace.saw(state.meta.progress, at)
    this.#isAway = false
  }

  /** The server does not answer. */
  lose(): void {
    this.#pace.interrupt()
    this.#isAway = true
  }

  /** The progress from 0 to 1, and what is said of it: first what matters most. */
  at(now: number): [number, ...string[]] {
    const { attributes, meta } = this.#state
    if (!isUnderWay(this.#state)) return [meta.progress, outcomeOf(this.#state)]
    if (attributes.status === 'pending') {
      return [meta.progress, this.#isAway ? AWAY : 'waiting for its turn']
    }
    const { uploaded, imported, skipped } = tallyOf(meta.records)
    const left = this.#pace.msLeftAt(now)
    const { rate } = this.#pace
    const parts = [
      this.#isAway && AWAY,
      this.#startedAt !== undefined && clock(now - this.#startedAt),
      left !== undefined && `${clock(left)} left`,
      rate !== undefined && `${number(Math.round(rate * 1000 * uploaded))} records/s`,
      meta.errors > 0 && counted(meta.errors, 'error'),
      `${number(imported)} of ${counted(uploaded, 'record')}`,
      skipped > 0 && `${number(skipped)} skipped`,
    ]
    return [this.#pace.shownAt(now), ...parts.filter((part) => part !== false)]
  }
}

const AWAY = 'waiting for the server'

function outcomeOf({ meta }: ImportResource): string {
  const { uploaded, imported, skipped } = tallyOf(meta.records)
  return [
    `${number(imported)} of ${counted(uploaded, 'record')}`,
    ...(skipped === 0 ? [] : [`${number(skipped)} skipped`]),
    ...(meta.errors === 0 ? [] : [counted(meta.errors, 'error')]),
  ].join(', ')
}
