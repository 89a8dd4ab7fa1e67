import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/**
 * A process. Its number alone does not identify it: once it has ended, another process may get the same one.
 */
export interface ProcessIdentity {
  readonly pid: number
  /** When the process started, in a form used only for comparison. */
  readonly start: string
}

interface ProcessState {
  readonly parent: number
  readonly start: string
  /** Whether it has ended without having been reaped yet. */
  readonly isZombie: boolean
}

/** The process that now has this number; undefined: none. */
export function identify(pid: number): ProcessIdentity | undefined {
  const state = stateOf(pid)
  return state && !state.isZombie ? { pid, start: state.start } : undefined
}

/** Whether the process with this number has ended and waits to be reaped: its number is still taken. */
export const isZombie = (pid: number): boolean => stateOf(pid)?.isZombie ?? false

/** Whether this very process still runs. One that has ended but has not been reaped counts as ended. */
export const isAlive = ({ pid, start }: ProcessIdentity): boolean => identify(pid)?.start === start

/** Sends a signal to this very process, unless it has ended. */
export function signalTo(process_: ProcessIdentity, signal: NodeJS.Signals): void {
  if (isAlive(process_)) process.kill(process_.pid, signal)
}

/** The parent of a process; undefined: there is no such process. */
export function parentOf(pid: number): ProcessIdentity | undefined {
  const state = stateOf(pid)
  return state && identify(state.parent)
}

function stateOf(pid: number): ProcessState | undefined {
  return process.platform === 'linux' ? stateFromProc(pid) : stateFromPs(pid)
}

/**
 * proc_pid_stat(5): state, parent and start time are the fields 3, 4 and 22; the second may contain blanks
 * and brackets.
 */
function stateFromProc(pid: number): ProcessState | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state, parent] = fields
    return { parent: Number(parent), start: fields[19] ?? '', isZombie: state === 'Z' || state === 'X' }
  } catch {
    return undefined
  }
}

function stateFromPs(pid: number): ProcessState | undefined {
  try {
    const said = execFileSync('ps', ['-o', 'stat=,ppid=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, LC_ALL: 'C' },
    })
    const [, state, parent, start] = /^\s*(\S+)\s+(\d+)\s+(.+?)\s*$/.exec(said) ?? []
    if (!state || !parent || !start) return undefined
    return { parent: Number(parent), start, isZombie: state.startsWith('Z') }
  } catch {
    return undefined
  }
}
