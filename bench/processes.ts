import { join } from 'node:path'
import { type ServiceProcess, type Settings, withProcess } from './server.js'

/**
 * Starts so many processes of the service with the same settings, one after another, each with a data
 * directory of its own in `folder`, gives them to `use`, and stops them.
 *
 * @throws as `withFreshServer` does
 */
export async function withProcesses<T>(
  count: number,
  folder: string,
  settings: Settings,
  use: (processes: readonly ServiceProcess[]) => Promise<T>,
): Promise<T> {
  const startOthers = (started: readonly ServiceProcess[]): Promise<T> =>
    started.length === count
      ? use(started)
      : withProcess(join(folder, `data-${started.length}`), settings, (next) =>
          startOthers([...started, next]),
        )
  return startOthers([])
}
