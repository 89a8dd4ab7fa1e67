import { type Address, importFile } from '../client.js'
import { cpuSeconds } from '../cpu.js'
import { generatedFile } from '../files.js'
import type { DatabasePlace, UploadsPlace } from '../places.js'
import { withProcesses } from '../processes.js'
import type { ServiceProcess } from '../server.js'
import { makeKeys } from '../stores.js'
import { withTempFolder } from '../temp-folder.js'
import type { Trial } from '../trial.js'

/** How many stores import at once. */
export const OWNERS = 8

export interface ProcessesReadings {
  /** From the first byte of the first POST until all imports have ended. */
  readonly seconds: number
  readonly nodeCpuSeconds: number | undefined
  readonly postgresCpuSeconds: number | undefined
}

/** The same file posted by eight stores at once to so many new processes, in turn, on a new database. */
export const ownersAtOnce = (
  records: number,
  processes: number,
  database: DatabasePlace,
  uploads: UploadsPlace,
): Trial<ProcessesReadings> => ({
  name: `imports of ${OWNERS} owners, ${processes} of the service${database.name}`,
  records: OWNERS * records,
  async prepare(context) {
    await generatedFile(context, { records })
  },
  async measure(context) {
    const file = await generatedFile(context, { records })
    return withTempFolder((folder) =>
      database.use(({ url, pid }) =>
        uploads.use((settings) =>
          withProcesses(processes, folder, { ...settings, DATABASE_URL: url }, async (started) => {
            const owners = inTurn(started, await makeKeys({ connectionString: url }, OWNERS))
            const node = started.map((process) => process.pid)
            const cpu = await cpuOf({ node, postgres: pid === undefined ? [] : [pid] })
            const start = performance.now()
            await Promise.all(owners.map((owner) => importFile(owner, file, context)))
            const seconds = (performance.now() - start) / 1000
            return { seconds, ...(await cpu.since()) }
          }),
        ),
      ),
    )
  },
})

/** Every store asks one process, the next one the next. */
const inTurn = (processes: readonly ServiceProcess[], keys: readonly string[]): Address[] =>
  keys.map((apiKey, number) => ({ apiKey, url: processes[number % processes.length]?.url ?? '' }))

/** Starts to count the CPU time of these processes and their children. */
async function cpuOf(pids: { readonly node: readonly number[]; readonly postgres: readonly number[] }) {
  const now = async () => ({ node: await sumOf(pids.node), postgres: await sumOf(pids.postgres) })
  const before = await now()
  return {
    async since(): Promise<Omit<ProcessesReadings, 'seconds'>> {
      const { node, postgres } = await now()
      return {
        nodeCpuSeconds: difference(node, before.node),
        postgresCpuSeconds: difference(postgres, before.postgres),
      }
    },
  }
}

/** Undefined: one of them is not known, or there is none. */
async function sumOf(pids: readonly number[]): Promise<number | undefined> {
  const all = await Promise.all(pids.map(cpuSeconds))
  const known = all.filter((seconds) => seconds !== undefined)
  return known.length === 0 || known.length < all.length
    ? undefined
    : known.reduce((sum, seconds) => sum + seconds, 0)
}

const difference = (after: number | undefined, before: number | undefined): number | undefined =>
  after === undefined || before === undefined ? undefined : after - before
