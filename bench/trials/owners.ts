import { type Address, importFile } from '../client.js'
import { checkpoint } from '../database.js'
import { generatedFile } from '../files.js'
import { makeStores } from '../stores.js'
import type { Context, Trial } from '../trial.js'

const OWNERS = 4

/** The same file imported by four stores: one after the other, and in another new server all at once. */
export const ownersTrial = (
  records: number,
): Trial<{ readonly atOnceSeconds: number; readonly inTurnSeconds: number }> => ({
  name: 'imports of four owners',
  records: OWNERS * records,
  async prepare(context) {
    await generatedFile(context, { records })
  },
  async measure(context) {
    const file = await generatedFile(context, { records })
    const inTurnSeconds = await timed(context, async (owners) => {
      for (const owner of owners) await importFile(owner, file, context)
    })
    const atOnceSeconds = await timed(context, async (owners) => {
      await Promise.all(owners.map((owner) => importFile(owner, file, context)))
    })
    return { atOnceSeconds, inTurnSeconds }
  },
})

function timed(context: Context, use: (owners: readonly Address[]) => Promise<void>): Promise<number> {
  return context.withEmptyServer(async (server) => {
    const owners = await makeStores(server, OWNERS)
    await checkpoint(server)
    const start = performance.now()
    await use(owners)
    return (performance.now() - start) / 1000
  })
}
