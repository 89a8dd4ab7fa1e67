import { readFileSync } from 'node:fs'

/**
 * The most that a process has had in memory since it started, in bytes (VmHWM, proc_pid_status(5)); NaN where
 * there is no /proc.
 */
export function peakMemory(pid: number | undefined): number {
  try {
    const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Number(kibibytes) * 1024
  } catch {
    return Number.NaN
  }
}
