import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { grouped, megabytes } from './format.js'
import { writeRecords } from './generate.js'
import type { Progress } from './progress.js'

/** Makes a function that returns the path of a file of so many records, which is generated when first asked for. */
export function generatedFiles(
  folder: string,
  progress: Progress,
  signal: AbortSignal,
): (records: number) => Promise<string> {
  const made = new Set<string>()
  return async (records) => {
    const file = join(folder, `${records}.jsonl`)
    if (!made.has(file)) {
      progress.begin(`generating ${grouped(records)} records`, records)
      await writeRecords({ records }, file, { signal, onProgress: (count) => progress.update(count) })
      progress.end(megabytes((await stat(file)).size))
      made.add(file)
    }
    return file
  }
}
