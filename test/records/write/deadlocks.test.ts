import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Answer } from '../../support/api.js'
import { anOffering, anOfferingAlone, aPlan, aProduct } from '../../support/builders.js'
import { ownerIdOf } from '../../support/rows.js'
import { newStoreEach, testService } from '../../support/service.js'
import { waitingForLocks } from '../../support/waits.js'

const service = testService()
const api = newStoreEach(service)

/**
 * Sends a request that refers to products, of which one is locked, as by an undo; and then locks the others, of which
 * the request has some. PostgreSQL ends the transaction that notices first, which is the request's.
 */
async function deadlock(ids: readonly string[], request: () => Promise<Answer>): Promise<Answer> {
  const client = await service.pool.connect()
  try {
    await client.query('begin')
    await client.query('set local idle_in_transaction_session_timeout to 0')
    await client.query("set local deadlock_timeout to '1min'")
    const middle = ids[Math.floor(ids.length / 2)]
    const ownerId = await ownerIdOf(service.pool, api)
    const lock = 'select from products where owner_id = $1 and id = any($2::uuid[]) for update'
    await client.query(lock, [ownerId, [middle]])
    const answer = request()
    while ((await waitingForLocks(service.pool)) !== 1) await sleep(10)
    await client.query(lock, [ownerId, ids])
    await client.query('rollback')
    return await answer
  } finally {
    await client.query('rollback')
    client.release()
  }
}

test('A request that refers to many records comes through a deadlock with whoever locks them too', async () => {
  const ids: string[] = []
  for (let n = 0; n < 9; n += 1) ids.push((await api.add(aProduct())).id)
  const { attributes } = anOffering({ products: ids, plans: [aPlan().data.attributes] }).data
  const path = '/subscriptions/offerings'
  const built = await deadlock(ids, () => api.post(`${path}/build`, { data: attributes }))
  expect([built.status, built.body.errors]).toEqual([201, undefined])
  const { id } = await api.add(anOfferingAlone())
  const data = { products: ids }
  const attached = await deadlock(ids, () => api.post(`${path}/${id}/products/attach`, { data }))
  expect([attached.status, attached.body.errors]).toEqual([200, undefined])
  expect(await api.read(`${path}/${id}/products`)).toHaveLength(9)
  const other = (await api.add(anOfferingAlone())).id
  const replaced = await deadlock(ids, () => api.put(`${path}/${other}/products/replace`, { data }))
  expect([replaced.status, replaced.body.errors]).toEqual([200, undefined])
})
