import { expect, test } from 'vitest'
import { aProduct, aSubscriber, file, times } from '../support/builders.js'
import { expectError } from '../support/errors.js'
import { testService } from '../support/service.js'

const service = testService({ STATEMENT_TIMEOUT: '1' })

test('A request that the database does not answer within STATEMENT_TIMEOUT is 503; imports wait longer', async () => {
  const store = await service.addStore()
  const { id } = await store.create(file('{"data":{}}', aProduct()))
  await store.finished(id)
  const blocker = await service.pool.connect()
  try {
    await blocker.query('begin')
    await blocker.query('lock table products in access exclusive mode')
    const begun = await store.create(times(10, () => aProduct()))
    for (const answer of [
      await store.get('/subscriptions/products'),
      await store.post('/subscriptions/products', aProduct()),
    ]) {
      expectError(answer, 503, 'Service Unavailable', /^The database took too long/)
      expect(answer.headers.get('retry-after')).toBe('5')
    }
    // What does not need the table continues, with the same connections.
    await Promise.all(Array.from({ length: 10 }, () => store.add(aSubscriber())))
    expect((await store.find(begun.id)).attributes.status).toBe('started')
    await blocker.query('rollback')
    expect((await store.finished(begun.id)).meta.records.imported.subscription_product).toBe(10)
  } finally {
    await blocker.query('rollback')
    blocker.release()
  }
  expect((await store.get('/subscriptions/products')).body.meta.results.total).toBe(11)
})

test('An upload whose import cannot be created in that time is also 503, and leaves nothing', async () => {
  const store = await service.addStore()
  await store.import(file(aProduct()))
  const before = await service.uploads()
  const blocker = await service.pool.connect()
  try {
    await blocker.query('begin')
    await blocker.query("select from totals where resource = 'imports' for update")
    expectError(
      await store.upload(file(aProduct())),
      503,
      'Service Unavailable',
      /^The database took too long/,
    )
    expect(await service.uploads()).toEqual(before)
  } finally {
    await blocker.query('rollback')
    blocker.release()
  }
  expect((await store.get('/subscriptions/imports')).body.meta.results.total).toBe(1)
  expect((await store.import(file(aProduct()))).attributes.status).toBe('success')
})
