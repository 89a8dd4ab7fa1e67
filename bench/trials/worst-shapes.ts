import { join } from 'node:path'
import { type Address, importFile } from '../client.js'
import { type Load, loaded } from '../load.js'
import { nodePeakMemory } from '../memory.js'
import { withProgram } from '../program.js'
import { importLines, type RequestShape, requestShapes } from '../request-shapes.js'
import { type Server, withServer } from '../server.js'
import { catalogueFile, type FileShape, fileShapes, shapedFile } from '../shapes.js'
import { makeStores } from '../stores.js'
import { withTempFolder } from '../temp-folder.js'
import type { Context, Trial } from '../trial.js'

/** What a server needed while clients asked for as much as they can. */
export interface WorstReadings {
  /** Since it started. */
  readonly nodePeakBytes: number | undefined
  /** The 99th percentile of `GET /healthz` meanwhile. */
  readonly healthSeconds: number
}

/** Everything that is tried, each on a server of its own. */
export const worstShapes = (): readonly Trial<WorstReadings>[] => [
  ...fileShapes.map(importing),
  ...requestShapes.map(asking),
]

/** A file of a shape, imported by several stores at once. */
const importing = (shape: FileShape): Trial<WorstReadings> => ({
  name: shape.name,
  records: shape.owners * shape.lines,
  async prepare(context) {
    await catalogueFile(context, shape.catalogue)
    await shapedFile(context, shape)
  },
  measure: (context) =>
    context.withEmptyServer(async (server) => {
      const stores = await makeStores(server, shape.owners)
      if (shape.catalogue > 0) {
        const catalogue = await catalogueFile(context, shape.catalogue)
        for (const store of stores) await importFile(store, catalogue, context)
      }
      const file = await shapedFile(context, shape)
      return watched(server, () => Promise.all(stores.map((store) => importFile(store, file, context))))
    }),
})

/** Requests of a shape, sent by several clients at once. */
const asking = (shape: RequestShape): Trial<WorstReadings> => ({
  name: shape.name,
  records: shape.clients * shape.times,
  async prepare() {},
  measure(context) {
    const prepare = (server: Server) => importLines(server, shape, context)
    const ask = (server: Server) => watched(server, () => sendAll(server, shape, context))
    if (context.quick)
      return context.withEmptyServer(async (server) => prepare(server).then(() => ask(server)))
    return withTempFolder(async (folder) => {
      const dataDir = join(folder, 'data')
      await withServer(dataDir, prepare)
      // What the import took is not what is asked about.
      return withServer(dataDir, ask)
    })
  },
})

/** @throws AbortError */
async function sendAll(store: Address, { clients, times, send }: RequestShape, context: Context) {
  const sendAgainAndAgain = async () => {
    for (let left = context.quick ? 1 : times; left > 0; left -= 1) {
      context.signal.throwIfAborted()
      await send(store, context.quick)
    }
  }
  await Promise.all(Array.from({ length: context.quick ? 1 : clients }, sendAgainAndAgain))
}

/** Asks for `/healthz` while something is done. */
async function watched(server: Server, exert: () => Promise<unknown>): Promise<WorstReadings> {
  const health = { url: `${server.url}/healthz`, apiKey: server.apiKey }
  const { p99Seconds } = await withProgram('load', (load: Load) => loaded(load, 1, health, exert))
  return { nodePeakBytes: await nodePeakMemory(server), healthSeconds: p99Seconds }
}
