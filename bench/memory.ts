import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Memory of processes, in bytes, as Linux tells it in /proc (proc_pid_status(5)). On other systems, and for a process
 * that has ended, there is nothing to read: undefined.
 */

const SAMPLE_MS = 100

/** The most that a process has had in memory since it started ("high water mark" of the resident set). */
export async function peakMemory(pid: number): Promise<number | undefined> {
  return (await memoryOf(pid))?.VmHWM
}

/**
 * The most that a PostgreSQL server's processes have together while `use` runs. Ten looks a second, so a shorter peak
 * may be missed. Shared memory is counted once: the sum of what each process has for itself, and the most shared memory
 * that one of them has touched.
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

async function childrenOf(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  return children.split(' ').filter(Boolean).map(Number)
}

type Memory = Partial<Record<'VmHWM' | 'RssAnon' | 'RssShmem', number>>

async function memoryOf(pid: number): Promise<Memory | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const found = [...status.matchAll(/^(VmHWM|RssAnon|RssShmem):\s+(\d+) kB$/gm)]
  if (found.length === 0) return undefined
  return Object.fromEntries(found.map(([, name, kibibytes]) => [name, Number(kibibytes) * 1024]))
}
