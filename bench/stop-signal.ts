import { setMaxListeners } from 'node:events'

/**
 * A signal that is aborted by Ctrl-C and by a request to end. Whatever is running then throws, and what was
 * started is stopped and removed on the way out. A second signal changes nothing: npm passes on what the
 * terminal has already sent.
 */
export function stopSignal(): AbortSignal {
  const controller = new AbortController()
  // Every request under way listens to it, and each for a while longer than it takes.
  setMaxListeners(0, controller.signal)
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => controller.abort())
  return controller.signal
}
