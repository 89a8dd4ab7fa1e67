import { constants } from 'node:os'

/** A signal so soon after another is the same Ctrl-C: from the terminal and from npx, which hands it on as well. */
const SAME_SIGNAL_MS = 500

/**
 * Aborted, with its name as the reason, by the first of these signals, which ask the process to end. A later one ends it at
 * once.
 */
export function firstSignal(names: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']): AbortSignal {
  const interruption = new AbortController()
  let signalledAt: number | undefined
  for (const name of names) {
    process.on(name, () => {
      if (signalledAt !== undefined && Date.now() - signalledAt > SAME_SIGNAL_MS)
        process.exit(exitCodeOf(name))
      signalledAt ??= Date.now()
      interruption.abort(name)
    })
  }
  return interruption.signal
}

/** What a shell says of a process that a signal ended: 130 for SIGINT. */
export const exitCodeOf = (name: NodeJS.Signals): number => 128 + constants.signals[name]
