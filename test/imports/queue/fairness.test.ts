import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { createPool } from '../../../src/db/pool.js'
import { claimImport, releaseLease } from '../../../src/imports/queue/claim.js'
import type { Api } from '../../support/api.js'
import { aProduct, counts, times } from '../../support/builders.js'
import { insertImport, ownerIdOf } from '../../support/rows.js'
import { testService } from '../../support/service.js'

const service = testService()

const addStores = (count: number, organizationId?: string): Promise<Api[]> =>
  Promise.all(Array.from({ length: count }, () => service.addStore(organizationId)))

/** Work for much longer than a turn, even if four run at 150,000 records a second together. */
const large = times(600_000, () => aProduct())

/** Posts the large file for each of these owners, runs `work` meanwhile, and cancels what is left. */
async function besideLargeImports(owners: readonly Api[], work: (ids: string[]) => Promise<void>) {
  const ids = await Promise.all(owners.map(async (owner) => (await owner.create(large)).id))
  await work(ids)
  const ends = await Promise.all(
    ids.map((id, index) => owners[index]?.post(`/subscriptions/imports/${id}/cancel`, {})),
  )
  // A fast machine may have ended one of them by now.
  for (const end of ends) expect([200, 409]).toContain(end?.status)
}

const claimsOf = async (ids: readonly string[]): Promise<number[]> => {
  const { rows } = await service.pool.query('select fence from imports where id = any($1) order by fence', [
    ids,
  ])
  return rows.map(({ fence }) => fence)
}

test('A small import ends before five large ones of other owners, which take every place and still make progress', async () => {
  await besideLargeImports(await addStores(5), async (ids) => {
    const small = await (await service.addStore()).import(times(200, () => aProduct()))
    expect(small.meta.records.imported).toEqual(counts(200))
    const ended = await service.pool.query(
      'select from imports where id = any($1) and finished_at is not null',
      [ids],
    )
    expect(ended.rowCount).toBe(0)
    // By then all five have had a turn or will have one soon.
    await expect.poll(() => claimsOf(ids), { timeout: 60_000 }).not.toContain(0)
    const { rows } = await service.pool.query(
      `select i.attempts, c.imported > 0 as came_forward
       from imports i join import_counts c on c.import_id = i.id and c.type = 'subscription_product'
       where i.id = any($1) and i.lease_expires_at is null`,
      [ids],
    )
    for (const row of rows) expect(row).toEqual({ attempts: 0, came_forward: true })
  })
})

/** Inserts waiting imports that no worker of the service takes, since their file is in another store. */
async function plant(api: Api, storeId: string, count: number): Promise<string> {
  const ownerId = await ownerIdOf(service.pool, api)
  for (let index = 0; index < count; index += 1) {
    await insertImport(service.pool, ownerId, { status: 'pending', upload_store: storeId })
  }
  return ownerId
}

test('Owners take turns, whoever posted first and however many wait; so do organizations, however many stores they have', async () => {
  const storeId = randomUUID()
  const organization = await service.addOrganization()
  const [first, second] = await addStores(2, organization.id)
  const [alone] = await addStores(1)
  if (!first || !second || !alone) throw new Error('there are three stores')
  const names = new Map<string, string>()
  names.set(await plant(first, storeId, 3), 'first of the organization')
  names.set(await plant(second, storeId, 2), 'second of the organization')
  names.set(await plant(alone, storeId, 3), 'alone')
  const order: (string | undefined)[] = []
  for (;;) {
    const job = await claimImport(service.pool, 'test', [storeId])
    if (!job) break
    order.push(names.get(job.ownerId))
    await service.pool.query("update imports set status = 'success', finished_at = now() where id = $1", [
      job.id,
    ])
  }
  expect(order).toEqual([
    'first of the organization',
    'alone',
    'second of the organization',
    'alone',
    'first of the organization',
    'alone',
    'second of the organization',
    'first of the organization',
  ])
})

test('An import that paused continues as the same import, after those that were waiting', async () => {
  const storeId = randomUUID()
  const [one, other] = await addStores(2)
  if (!one || !other) throw new Error('there are two stores')
  await plant(one, storeId, 2)
  const job = await claimImport(service.pool, 'test', [storeId])
  await plant(other, storeId, 1)
  const beside = await claimImport(service.pool, 'test', [storeId])
  if (!job || !beside) throw new Error('nothing was claimed')
  await releaseLease(service.pool, job, { counts: false, retryAfterSeconds: 0 })
  await releaseLease(service.pool, beside, { counts: false, retryAfterSeconds: 0 })
  expect((await claimImport(service.pool, 'test', [storeId]))?.id).toBe(job.id)
  expect((await claimImport(service.pool, 'test', [storeId]))?.id).toBe(beside.id)
  expect(await claimImport(service.pool, 'test', [storeId])).toBeUndefined()
})

test('A claim looks at the heads of queues: it reads one of 20,000 waiting imports of an owner', async () => {
  const storeId = randomUUID()
  const [busy, other] = await addStores(2)
  if (!busy || !other) throw new Error('there are two stores')
  const ownerId = await plant(busy, storeId, 1)
  await service.pool.query(
    `insert into imports (id, owner_id, upload_store, upload_key, file_bytes, file_lines, file_sha256, max_line_bytes)
     select gen_random_uuid(), $1, $2, 'none', 0, 0, 'x', 1 from generate_series(2, 20000)`,
    [ownerId, storeId],
  )
  await plant(other, storeId, 1)
  const single = createPool({ connectionString: service.databaseUrl }, 1, () => {})
  /** How many rows of imports a claim reads; the claim is rolled back. */
  const readByClaim = async (): Promise<number | undefined> => {
    await single.query('begin')
    expect((await claimImport(single, 'test', [storeId]))?.ownerId).toBe(ownerId)
    const { rows } = await single.query<{ read: number }>(
      "select seq_tup_read + idx_tup_fetch as read from pg_stat_xact_user_tables where relname = 'imports'",
    )
    await single.query('rollback')
    return rows[0]?.read
  }
  try {
    // Whether the planner has no statistics of the queue, or new ones.
    expect(await readByClaim()).toBeLessThan(100)
    await service.pool.query('analyze imports')
    expect(await readByClaim()).toBeLessThan(100)
  } finally {
    await single.end()
  }
})

test('A lease, and a wait for another attempt, left far in the future by the database’s clock have expired', async () => {
  const storeId = randomUUID()
  const [store] = await addStores(1)
  if (!store) throw new Error('there is a store')
  await plant(store, storeId, 1)
  const job = await claimImport(service.pool, 'test', [storeId])
  if (!job) throw new Error('nothing was claimed')
  const set = (lease: string) =>
    service.pool.query(
      'update imports set lease_expires_at = now() + $2::interval, retry_at = now() + $2::interval where id = $1',
      [job.id, lease],
    )
  await set('14 s')
  expect(await claimImport(service.pool, 'test', [storeId])).toBeUndefined()
  await set('1 h')
  expect((await claimImport(service.pool, 'test', [storeId]))?.id).toBe(job.id)
})
