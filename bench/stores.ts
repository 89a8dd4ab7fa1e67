import { randomUUID } from 'node:crypto'
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
    while (stores.length < count) {
      const name = `store ${randomUUID()}`
      const id = await createOwner(pool, 'store', name)
      const key = id && (await createCredential(pool, id, 'api_key', undefined))
      if (!key) throw new Error(`The ${name} could not be created.`)
      stores.push({ url, apiKey: key.secret })
    }
    return stores
  } finally {
    await pool.end()
  }
}

/** Gives `use` a server as a new store of it sees it. */
export async function withNewStore<T>(server: Server, use: (server: Server) => Promise<T>): Promise<T> {
  const [store] = await makeStores(server, 1)
  return use({ ...server, ...store })
}
