import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Api, ImportResource } from '../../support/api.js'
import { aProduct, aSubscriber, counts, file, times } from '../../support/builders.js'
import { insertImport, ownerIdOf } from '../../support/rows.js'
import { newStoreEach, testService } from '../../support/service.js'
import { waitingForLocks } from '../../support/waits.js'

// It looks at what all stores have, so it shares no service.
const service = testService({})
const api = newStoreEach(service)

const act = (id: string, what: 'cancel' | 'retry', of: Api = api) =>
  of.request(`/subscriptions/imports/${id}/${what}`, { method: 'POST' })

/** Subscribers without an external_ref: if a line were imported twice, nothing would stop it. */
const LINES = 60_000
const many = times(LINES, () => aSubscriber())

/** A running import with some progress. */
async function underWay(): Promise<ImportResource> {
  const { id } = await api.create(many)
  for (;;) {
    const found = await api.find(id)
    expect(found.attributes.status).not.toBe('success')
    if ((found.meta.records.imported.subscription_subscriber ?? 0) > 0) return found
    await sleep(2)
  }
}

const total = async (table: string): Promise<number> =>
  (await api.get(`/subscriptions/${table}`)).body.meta.results.total

describe('Cancel', () => {
  test('ends a running import; its counts match what is in the table', async () => {
    const { id } = await underWay()
    const { status, body } = await act(id, 'cancel')
    expect(status).toBe(200)
    expect(body.data.attributes.status).toBe('failed')
    expect(body.data.meta.failure.reason).toBe('canceled')
    expect(body.data.meta.timestamps.finished_at).toBeDefined()
    // Another import of the owner starts once the canceled one has released it.
    await api.import(file(aProduct()))
    const { meta } = await api.find(id)
    expect(meta).toEqual(body.data.meta)
    expect(meta.records.imported.subscription_subscriber).toBeLessThan(LINES)
    expect(await total('subscribers')).toBe(meta.records.imported.subscription_subscriber)
  })

  test('waits for a chunk that is about to be committed, and its counts include that chunk', async () => {
    const id = randomUUID()
    await insertImport(service.pool, await ownerIdOf(service.pool, api), { id, status: 'pending' })
    await service.pool.query(
      "insert into import_counts (import_id, type, uploaded) values ($1, 'subscription_product', 2)",
      [id],
    )
    const chunk = await service.pool.connect()
    try {
      await chunk.query('begin')
      await chunk.query('update imports set errors = 1 where id = $1', [id])
      await chunk.query('update import_counts set imported = 1 where import_id = $1', [id])
      const canceled = act(id, 'cancel')
      await expect.poll(() => waitingForLocks(service.pool)).toBe(1)
      await chunk.query('commit')
      const { meta } = (await canceled).body.data
      expect([meta.errors, meta.records.imported]).toEqual([1, counts(1)])
    } finally {
      chunk.release()
    }
  })

  test('ends a waiting import at once', async () => {
    const first = await api.create(many)
    const second = await api.create(file(aProduct()))
    const { body } = await act(second.id, 'cancel')
    expect(body.data.attributes.status).toBe('failed')
    expect(body.data.meta.timestamps.started_at).toBeUndefined()
    await act(first.id, 'cancel')
    await api.import(file(aSubscriber()))
    expect(await total('products')).toBe(0)
  })

  test('frees the external_ref', async () => {
    const { id } = await api.create(many, { externalRef: 'january' })
    await act(id, 'cancel')
    expect((await api.import(file(aProduct()), { externalRef: 'january' })).attributes.status).toBe('success')
  })

  test('of a rehearsal mentions neither what it never added, nor a retry, which is impossible', async () => {
    const first = await api.create(many)
    const { id } = await api.create(file(aProduct()), { dryRun: true })
    const { body } = await act(id, 'cancel')
    expect(body.data.meta.failure).toEqual({
      reason: 'canceled',
      detail: 'The rehearsal was canceled. Nothing was added; post the file again to rehearse it.',
    })
    expect((await act(id, 'retry')).status).toBe(409)
    await act(first.id, 'cancel')
  })

  test('is 409 once the import has ended', async () => {
    const { id } = await api.import(file(aProduct()))
    const { status, body } = await act(id, 'cancel')
    expect(status).toBe(409)
    expect(body.errors[0].detail).toBe('The import has ended; there is nothing to cancel.')
    expect((await api.find(id)).attributes.status).toBe('success')
  })
})

describe('Retry', () => {
  test('resumes a canceled import where it stopped, repeatedly, and nothing is imported twice', async () => {
    const { id } = await underWay()
    for (let round = 0; round < 4; round += 1) {
      const canceled = await act(id, 'cancel')
      if (canceled.status === 409) break
      const { status, body } = await act(id, 'retry')
      expect(status).toBe(200)
      expect(body.data.attributes.status).toBe('pending')
      expect(body.data.meta.failure).toBeUndefined()
      await sleep(50)
    }
    const { attributes, meta } = await api.finished(id)
    expect(attributes.status).toBe('success')
    expect(meta.records.imported).toEqual(counts(0, 0, LINES))
    expect(await total('subscribers')).toBe(LINES)
  })

  test('is 409 for an import that has not failed, was rejected whole, or was a rehearsal', async () => {
    const success = await api.import(file(aProduct()))
    const rejected = await api.import(file(aProduct({ name: 'x' })))
    const rehearsal = await api.import(file(aProduct({ name: 'x' })), { dryRun: true })
    for (const { id } of [success, rejected, rehearsal]) expect((await act(id, 'retry')).status).toBe(409)
  })

  test('is 409 when another import has the external_ref by now', async () => {
    const { id } = await api.create(many, { externalRef: 'january' })
    await act(id, 'cancel')
    const other = await api.import(file(aProduct()), { externalRef: 'january' })
    const { status, body } = await act(id, 'retry')
    expect(status).toBe(409)
    expect(body.errors[0].meta).toEqual({ id: other.id })
  })
})
