import { Waker } from './waker.js'

/** A claimed piece of work in progress. `done` never rejects. */
export interface Running {
  readonly done: Promise<void>
}

/** A kind of work that is claimed from the database piece by piece. */
export interface ClaimedWork<Piece extends Running> {
  /** The most pieces that run at once. */
  readonly atOnce: number
  /** Whether anything may be claimed now; if absent, always. */
  readonly mayClaim?: () => boolean | Promise<boolean>
  /** Claims a piece and starts it. Undefined: there is nothing to claim. */
  readonly claim: (running: ReadonlySet<Piece>) => Promise<Piece | undefined>
  /** Called after each poll that leaves no place free. */
  readonly whenFull?: (running: ReadonlySet<Piece>) => Promise<void>
  /** Receives what a poll threw. The next poll follows as usual. */
  readonly failed: (error: unknown) => void
}

/** How often to poll the queue, whatever wakes the loop in between: a notification can be lost. */
const POLL_MS = 1000

/**
 * Claims and works until `stop` is signalled; returns when the last piece is done. Polls at each wake, at
 * each end of a piece, and every second.
 */
export async function claimLoop<Piece extends Running>(
  { atOnce, mayClaim = () => true, claim, whenFull, failed }: ClaimedWork<Piece>,
  stop: AbortSignal,
  waker = new Waker(),
): Promise<void> {
  const running = new Set<Piece>()
  stop.addEventListener('abort', () => waker.wake())

  async function look(): Promise<void> {
    if (!(await mayClaim())) return
    while (!stop.aborted && running.size < atOnce) {
      const piece = await claim(running)
      if (!piece) break
      running.add(piece)
      void piece.done.finally(() => {
        running.delete(piece)
        waker.wake()
      })
    }
    if (running.size === atOnce) await whenFull?.(running)
  }

  while (!stop.aborted) {
    await look().catch(failed)
    await waker.wait(POLL_MS)
  }
  await Promise.all([...running].map(({ done }) => done))
}
