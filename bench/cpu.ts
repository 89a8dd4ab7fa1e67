import { readFile } from 'node:fs/promises'
import { childrenOf } from './memory.js'

/** The ticks of a second in /proc (`getconf CLK_TCK`), which Linux has not changed for decades. */
const TICKS = 100

/**
 * The CPU time that a process with all its threads, its children and those that have ended have taken so far,
 * in seconds: user and system (proc_pid_stat(5)). Undefined on other systems, and for a process that has ended.
 *
 * @param except children that do not count
 */
export async function cpuSeconds(pid: number, except: readonly number[] = []): Promise<number | undefined> {
  const own = await ticksOf(pid)
  if (own === undefined) return undefined
  const counted = (await childrenOf(pid)).filter((child) => !except.includes(child))
  const children = await Promise.all(counted.map(ticksOf))
  return children.reduce((sum: number, ticks = 0) => sum + ticks, own) / TICKS
}

/** utime, stime, cutime and cstime, which come after the name in parentheses. */
async function ticksOf(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  if (stat === '') return undefined
  const [, , , , , , , , , , , ...times] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return times.slice(0, 4).reduce((sum, ticks) => sum + Number(ticks), 0)
}

/** The CPU time of all processes of the service, and of PostgreSQL; undefined where it is not known. */
export interface CpuReadings {
  readonly nodeCpuSeconds: number | undefined
  readonly postgresCpuSeconds: number | undefined
}

/**
 * Starts to count the CPU time of these processes and their children. A PostgreSQL that a Node process has
 * started counts only as PostgreSQL.
 */
export async function watchCpu(pids: {
  readonly node: readonly number[]
  readonly postgres: readonly number[]
}) {
  const now = async () => ({
    node: await sumOf(pids.node, pids.postgres),
    postgres: await sumOf(pids.postgres),
  })
  const before = await now()
  return {
    async since(): Promise<CpuReadings> {
      const { node, postgres } = await now()
      return {
        nodeCpuSeconds: difference(node, before.node),
        postgresCpuSeconds: difference(postgres, before.postgres),
      }
    },
  }
}

/** Undefined: one of them is not known, or there is none. */
async function sumOf(pids: readonly number[], except: readonly number[] = []): Promise<number | undefined> {
  const all = await Promise.all(pids.map((pid) => cpuSeconds(pid, except)))
  const known = all.filter((seconds) => seconds !== undefined)
  return known.length === 0 || known.length < all.length
    ? undefined
    : known.reduce((sum, seconds) => sum + seconds, 0)
}

const difference = (after: number | undefined, before: number | undefined): number | undefined =>
  after === undefined || before === undefined ? undefined : after - before
