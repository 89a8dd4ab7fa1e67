import { createPool } from '../src/db/pool.js'
import { createCredential } from '../src/tenants/keys.js'
import { createOwner } from '../src/tenants/stores-and-organizations.js'
import type { Address } from './client.js'
import { databaseOf } from './database.js'
import type { Server } from './server.js'

/**
 * Stores and their keys, created by `intake stores create` and `intake keys create` beside the running
 * server.
 */
export async function makeStores({ url, dataDir }: Server, count: number): Promise<Address[]> {
  const pool = createPool(await databaseOf(dataDir), 1, () => {})
  try {
    const stores: Address[] = []
    for (let ordinal = 1; ordinal <= count; ordinal += 1) {
      const id = await createOwner(pool, 'store', `store ${ordinal}`)
      const key = id && (await createCredential(pool, id, 'api_key', undefined))
      if (!key) throw new Error(`Store ${ordinal} of a new server could not be created.`)
      stores.push({ url, apiKey: key.secret })
    }
    return stores
  } finally {
    await pool.end()
  }
}
