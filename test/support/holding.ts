import type { Api } from './api.js'
import { aProduct, file } from './builders.js'
import type { TestService } from './service.js'

/**
 * Adds a product in a transaction that stays open until the end of `work`, and then rolls back. An import
 * that reaches the same `external_ref` waits there meanwhile, so a test sees a running job without a race.
 */
export async function whileHolding(
  { pool }: TestService,
  owner: Api,
  externalRef: string,
  work: () => Promise<void>,
): Promise<void> {
  const { id } = await owner.import(file(aProduct()))
  const client = await pool.connect()
  try {
    await client.query('begin')
    await client.query('set local idle_in_transaction_session_timeout to 0')
    await client.query(
      `insert into products (owner_id, id, created_at, updated_at, external_ref, name)
       select owner_id, gen_random_uuid(), now(), now(), $2, 'Held' from imports where id = $1`,
      [id, externalRef],
    )
    await work()
  } finally {
    await client.query('rollback')
    client.release()
  }
}

/** A file of one product, which an import waits for while the `external_ref` is held. */
export const held = (externalRef = 'held') => file(aProduct({ external_ref: externalRef }))
