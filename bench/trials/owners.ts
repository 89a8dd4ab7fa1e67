import { createPool } from '../../src/db/pool.js'
import { createCredential } from '../../src/tenants/keys.js'
import { createOwner } from '../../src/tenants/stores-and-organizations.js'
import { type Address, importFile } from '../client.js'
import { checkpoint, databaseOf } from '../database.js'
import { generatedFile } from '../files.js'
import { type Server, withFreshServer } from '../server.js'
import type { Trial } from '../trial.js'

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
    const inTurnSeconds = await timed(async (owners) => {
      for (const owner of owners) await importFile(owner, file, context)
    })
    const atOnceSeconds = await timed(async (owners) => {
      await Promise.all(owners.map((owner) => importFile(owner, file, context)))
    })
    return { atOnceSeconds, inTurnSeconds }
  },
})

function timed(use: (owners: readonly Address[]) => Promise<void>): Promise<number> {
  return withFreshServer(async (server) => {
    const owners = await makeStores(server)
    await checkpoint(server)
    const start = performance.now()
    await use(owners)
    return (performance.now() - start) / 1000
  })
}

/** A store and its key, as `intake stores create` and `intake keys create` make them beside the running server. */
async function makeStores({ url, dataDir }: Server): Promise<Address[]> {
  const pool = createPool(await databaseOf(dataDir), 1, () => {})
  try {
    const stores: Address[] = []
    for (let ordinal = 1; ordinal <= OWNERS; ordinal += 1) {
      const id = await createOwner(pool, 'store', `store ${ordinal}`)
      const key = id && (await createCredential(pool, id, 'api_key', undefined))
      if (!key) throw new Error(`Store ${ordinal} of a new server could not be made.`)
      stores.push({ url, apiKey: key.secret })
    }
    return stores
  } finally {
    await pool.end()
  }
}
