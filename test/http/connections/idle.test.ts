import { expect, test } from 'vitest'
import { aProduct, file, times } from '../../support/builders.js'
import { testService } from '../../support/service.js'
import { sessions } from '../../support/waits.js'

/** Longer than `IDLE_TIMEOUT`, twice over. */
const SILENCE = '2.5 seconds'

const service = testService({ IDLE_TIMEOUT: '1' })

/** Does something that needs a table, and releases the table only after a long silent wait. */
async function whileSlow<T>(lock: string, act: () => Promise<T>): Promise<T> {
  const client = await service.pool.connect()
  try {
    await client.query(`begin; lock table ${lock} mode`)
    const acting = act()
    // It is awaited below.
    acting.catch(() => {})
    const isWaiting = `wait_event_type = 'Lock' and clock_timestamp() - query_start > '${SILENCE}'`
    await expect.poll(() => sessions(service.pool, isWaiting), { timeout: 30_000 }).toBeGreaterThan(0)
    await client.query('rollback')
    return await acting
  } finally {
    await client.query('rollback')
    client.release()
  }
}

// An upload that is cut off here would still be imported, and a second time when the client retries.
test('An upload that is complete outlasts IDLE_TIMEOUT while its import is created', async () => {
  const store = await service.addStore()
  const { status } = await whileSlow('imports in share row exclusive', () => store.upload(file(aProduct())))
  expect(status).toBe(201)
  expect((await store.get('/subscriptions/imports')).body.meta.results.total).toBe(1)
})

test('An upload outlasts IDLE_TIMEOUT while nobody reads it yet', async () => {
  const store = await service.addStore()
  const content = times(30_000, () => aProduct())
  const { status, body } = await whileSlow('imports in access exclusive', () => store.upload(content))
  expect(status).toBe(201)
  await store.finished(body.data.id)
})

test('A request outlasts IDLE_TIMEOUT while the database is slow', async () => {
  const { status } = await whileSlow('products in access exclusive', () =>
    service.api.post('/subscriptions/products', aProduct()),
  )
  expect(status).toBe(201)
})

test('A download outlasts IDLE_TIMEOUT while the database is slow', async () => {
  const { id } = await service.api.import(file(aProduct(), 'x'))
  const lines = await whileSlow('import_errors in access exclusive', () => service.api.errors(id))
  expect(lines).toHaveLength(1)
})
