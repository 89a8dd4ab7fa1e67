import { type Address, importFile } from '../client.js'
import { type CpuReadings, watchCpu } from '../cpu.js'
import { generatedFile } from '../files.js'
import type { DatabasePlace, UploadsPlace } from '../places.js'
import { withProcesses } from '../processes.js'
import type { ServiceProcess } from '../server.js'
import { makeKeys } from '../stores.js'
import { withTempFolder } from '../temp-folder.js'
import type { Trial } from '../trial.js'

/** How many stores import at once. */
export const OWNERS = 8

export interface ProcessesReadings extends CpuReadings {
  /** From the first byte of the first POST until all imports have ended. */
  readonly seconds: number
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
            const cpu = await watchCpu({ node, postgres: pid === undefined ? [] : [pid] })
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
