import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Server } from './server.js'

/**
 * Memory of processes, in bytes, as Linux reports it in /proc (proc_pid_status(5)). Undefined on other
 * systems, and for a process that has ended.
 */

const SAMPLE_MS = 100

/**
 * The most that a server's Node processes have had in memory since they started ("high water mark" of the
 * resident set): the sum over all that run now.
 */
export async function nodePeakMemory({
  pid,
  postgresPid,
}: Pick<Server, 'pid' | 'postgresPid'>): Promise<number | undefined> {
  const children = (await childrenOf(pid)).filter((child) => child !== postgresPid)
  const peaks = await Promise.all([pid, ...children].map(async (one) => (await memoryOf(one))?.VmHWM))
  const known = peaks.filter((peak) => peak !== undefined)
  return known.length === 0 ? undefined : known.reduce((sum, peak) => sum + peak, 0)
}

/**
 * The most that a PostgreSQL server's processes have together while `use` runs. It looks ten times a second,
 * so a shorter peak may be missed. Shared memory is counted once: the sum of what each process has for
 * itself, and the most shared memory that one of them has touched.
 */
export async function watchPostgresMemory<T>(
  postgresPid: number,
  use: () => Promise<T>,
): Promise<{ result: T; peak: number | undefined }> {
  let peak: number | undefined
  const done = new AbortController()
  const watching = (async () => {
    while (!done.signal.aborted) {
      const now = await postgresMemory(postgresPid)
      if (now !== undefined) peak = Math.max(peak ?? 0, now)
      await sleep(SAMPLE_MS, undefined, { signal: done.signal }).catch(() => {})
    }
  })()
  try {
    return { result: await use(), peak }
  } finally {
    done.abort()
    await watching
  }
}

async function postgresMemory(postgresPid: number): Promise<number | undefined> {
  const pids = [postgresPid, ...(await childrenOf(postgresPid))]
  const processes = (await Promise.all(pids.map(memoryOf))).filter((memory) => memory !== undefined)
  if (processes.length === 0) return undefined
  const own = processes.reduce((sum, { RssAnon = 0 }) => sum + RssAnon, 0)
  return own + Math.max(...processes.map(({ RssShmem = 0 }) => RssShmem))
}

/** The processes that any thread of a process has started. */
export async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => [])
  const lists = threads.map((thread) =>
    readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => ''),
  )
  return (await Promise.all(lists)).flatMap((list) => list.split(' ').filter(Boolean).map(Number))
}

type Memory = Partial<Record<'VmHWM' | 'RssAnon' | 'RssShmem', number>>

async function memoryOf(pid: number): Promise<Memory | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const found = [...status.matchAll(/^(VmHWM|RssAnon|RssShmem):\s+(\d+) kB$/gm)]
  if (found.length === 0) return undefined
  return Object.fromEntries(found.map(([, name, kibibytes]) => [name, Number(kibibytes) * 1024]))
}
