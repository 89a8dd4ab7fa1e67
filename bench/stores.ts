import { randomUUID } from 'node:crypto'
import type { Connection } from '../src/db/connection.js'
import { createPool } from '../src/db/pool.js'
import { createCredential } from '../src/tenants/keys.js'
import { createOwner } from '../src/tenants/stores-and-organizations.js'
import type { Address } from './client.js'
import { databaseOf } from './database.js'
import type { Server } from './server.js'

/** New stores as they see a running server. */
export async function makeStores({ url, dataDir }: Server, count: number): Promise<Address[]> {
  return (await makeKeys(await databaseOf(dataDir), count)).map((apiKey) => ({ url, apiKey }))
}

/**
 * Keys of so many new stores, created as `intake stores create` and `intake keys create` do beside running
 * processes.
 */
export async function makeKeys(database: Connection, count: number): Promise<string[]> {
  const pool = createPool(database, 1, () => {})
  try {
    const keys: string[] = []
    while (keys.length < count) {
      const name = `store ${randomUUID()}`
      const id = await createOwner(pool, 'store', name)
      const key = id && (await createCredential(pool, id, 'api_key', undefined))
      if (!key) throw new Error(`The ${name} could not be created.`)
      keys.push(key.secret)
    }
    return keys
  } finally {
    await pool.end()
  }
}

/** Gives `use` a server as a new store of it sees it. */
export async function withNewStore<T>(server: Server, use: (server: Server) => Promise<T>): Promise<T> {
  const [store] = await makeStores(server, 1)
  return use({ ...server, ...store })
}
