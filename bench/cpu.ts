import { readFile } from 'node:fs/promises'
import { childrenOf } from './memory.js'

/** The ticks of a second in /proc (`getconf CLK_TCK`), which Linux has not changed for decades. */
const TICKS = 100

/**
 * The CPU time that a process with all its threads, its children and those that have ended have taken so far,
 * in seconds: user and system (proc_pid_stat(5)). Undefined on other systems, and for a process that has ended.
 */
export async function cpuSeconds(pid: number): Promise<number | undefined> {
  const own = await ticksOf(pid)
  if (own === undefined) return undefined
  const children = await Promise.all((await childrenOf(pid)).map(ticksOf))
  return children.reduce((sum: number, ticks = 0) => sum + ticks, own) / TICKS
}

/** utime, stime, cutime and cstime, which come after the name in parentheses. */
async function ticksOf(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  if (stat === '') return undefined
  const [, , , , , , , , , , , ...times] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return times.slice(0, 4).reduce((sum, ticks) => sum + Number(ticks), 0)
}
