import { join } from 'node:path'
import { checkImport, importedRecords, postImport, waitForSuccess } from './client.js'
import { grouped } from './format.js'
import { writeRecords } from './generate.js'
import type { Progress } from './progress.js'
import { withServer } from './server.js'

/** Makes a function that returns a data directory with so many products, which are imported when first asked for. */
export function importedProducts(
  folder: string,
  progress: Progress,
  signal: AbortSignal,
): (records: number) => Promise<string> {
  const made = new Set<string>()
  return async (records) => {
    const dataDir = join(folder, `${records}-products`)
    if (!made.has(dataDir)) {
      const file = `${dataDir}.jsonl`
      progress.begin(`importing ${grouped(records)} products`, records)
      await writeRecords({ records, productsOnly: true }, file, { signal })
      await withServer(dataDir, async (server) => {
        const { id } = await postImport(server, file, signal)
        const onProgress = (count: number) => progress.update(count)
        const done = await waitForSuccess(server, id, signal, onProgress)
        checkImport(done, records)
        progress.end(`${grouped(importedRecords(done))} imported`)
      })
      made.add(dataDir)
    }
    return dataDir
  }
}
