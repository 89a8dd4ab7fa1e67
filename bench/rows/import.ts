import { checkImport, postImport, waitForSuccess } from '../client.js'
import { peakMemory, watchPostgresMemory } from '../memory.js'
import type { Context, Measurement, Row } from '../row.js'
import { type Server, withFreshServer } from '../server.js'

/** An import as a client sees it: from the first byte of the POST into an empty database until a GET says `success`. */
export const importRow = (records: number): Row => ({
  name: 'import over HTTP',
  records,
  async prepare(context) {
    await context.file(records)
  },
  async measure(context) {
    const file = await context.file(records)
    return withFreshServer((server) => measureImport(server, file, records, context))
  },
})

async function measureImport(
  server: Server,
  file: string,
  records: number,
  { signal, progress }: Context,
): Promise<Measurement> {
  const { result, peak } = await watchPostgresMemory(server.postgresPid, async () => {
    const start = performance.now()
    const { id } = await postImport(server, file, signal)
    const uploaded = performance.now()
    const done = await waitForSuccess(server, id, signal, (count) => progress.update(count))
    const end = performance.now()
    return { done, uploadSeconds: (uploaded - start) / 1000, wallSeconds: (end - start) / 1000 }
  })
  const { done, uploadSeconds, wallSeconds } = result
  checkImport(done, records)
  return {
    wallSeconds,
    uploadSeconds,
    nodePeakBytes: await peakMemory(server.pid),
    postgresPeakBytes: peak,
  }
}
