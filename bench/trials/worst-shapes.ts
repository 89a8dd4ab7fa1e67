import { importFile } from '../client.js'
import { type Load, loaded } from '../load.js'
import { nodePeakMemory } from '../memory.js'
import { withProgram } from '../program.js'
import { type Server, withFreshServer } from '../server.js'
import { catalogueFile, type FileShape, fileShapes, shapedFile } from '../shapes.js'
import { makeStores } from '../stores.js'
import type { Trial } from '../trial.js'

/** What a server took while it was asked for as much as a client can ask for. */
export interface WorstReadings {
  /** Since it started. */
  readonly nodePeakBytes: number | undefined
  /** What `GET /healthz` took at most, of 99 in 100, meanwhile. */
  readonly healthSeconds: number
}

/** Everything that is tried, each on a server of its own. */
export const worstShapes = (): readonly Trial<WorstReadings>[] => fileShapes.map(importing)

/** A file of a shape, imported by several stores at once. */
const importing = (shape: FileShape): Trial<WorstReadings> => ({
  name: shape.name,
  records: shape.owners * shape.lines,
  async prepare(context) {
    await catalogueFile(context, shape.catalogue)
    await shapedFile(context, shape)
  },
  measure: (context) =>
    withFreshServer(async (server) => {
      const stores = await makeStores(server, shape.owners)
      if (shape.catalogue > 0) {
        const catalogue = await catalogueFile(context, shape.catalogue)
        for (const store of stores) await importFile(store, catalogue, context)
      }
      const file = await shapedFile(context, shape)
      return watched(server, () => Promise.all(stores.map((store) => importFile(store, file, context))))
    }),
})

/** Asks for `/healthz` while something is done. */
async function watched(server: Server, exert: () => Promise<unknown>): Promise<WorstReadings> {
  const health = { url: `${server.url}/healthz`, apiKey: server.apiKey }
  const { p99Seconds } = await withProgram('load', (load: Load) => loaded(load, 1, health, exert))
  return { nodePeakBytes: await nodePeakMemory(server), healthSeconds: p99Seconds }
}
