import { closeSync, openSync } from 'node:fs'
import { constants } from 'node:os'
import { basename } from 'node:path'
import { isatty } from 'node:tty'

/** A signal this soon after another is the same Ctrl-C: from the terminal, and passed on by npx. */
const SAME_SIGNAL_MS = 500

/**
 * Signals that end a process by default and can be caught. Left out are those that Node keeps for itself
 * (SIGUSR1, SIGPROF, SIGPIPE, SIGXFSZ) and those that a broken process raises (SIGABRT, SIGSEGV and the
 * like).
 */
const TERMINATING = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGUSR2',
  'SIGALRM',
  'SIGVTALRM',
  'SIGXCPU',
  'SIGIO',
  'SIGPWR',
  'SIGSTKFLT',
] as const satisfies readonly NodeJS.Signals[]

/**
 * Aborted, with its name as the reason, by the first signal that asks the process to end. A later one ends it
 * at once. Under nohup, SIGHUP is ignored.
 */
export function firstSignal(): AbortSignal {
  const interruption = new AbortController()
  let signalledAt: number | undefined
  // Checked now: the terminal may be gone by then.
  const ignoresHangup = isUnderNohup()
  for (const name of TERMINATING.filter((one) => one in constants.signals)) {
    process.on(name, () => {
      if (name === 'SIGHUP' && ignoresHangup) return
      if (signalledAt !== undefined && Date.now() - signalledAt > SAME_SIGNAL_MS)
        process.exit(exitCodeOf(name))
      signalledAt ??= Date.now()
      interruption.abort(name)
    })
  }
  return interruption.signal
}

/**
 * Whether we were started to outlive a terminal. nohup sets SIGHUP to be ignored, but Node resets that before
 * any of our code runs. Two traces remain: the name in `_`, where shells put what they start, and that no
 * standard stream is a terminal although the process belongs to one.
 */
const isUnderNohup = (): boolean =>
  basename(process.env._ ?? '') === 'nohup' || (![0, 1, 2].some((fd) => isatty(fd)) && hasTerminal())

/** Opens the process's terminal, if it has one (tty(4)). */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}

/** The exit code that a shell reports for a process ended by a signal: 130 for SIGINT. */
export const exitCodeOf = (name: NodeJS.Signals): number => 128 + constants.signals[name]
