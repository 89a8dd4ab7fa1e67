import type pg from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Api } from '../../support/api.js'
import { aPlan } from '../../support/builders.js'
import { expectError } from '../../support/errors.js'
import { testService } from '../../support/service.js'

const service = testService()
let greedy: Api
let other: Api
/** Locks what all requests for products wait for. */
let lock: pg.PoolClient

beforeEach(async () => {
  greedy = await service.addStore()
  other = await service.addStore()
  lock = await service.pool.connect()
  await lock.query('begin; lock table products in access exclusive mode')
})
afterEach(async () => {
  await lock.query('rollback')
  lock.release()
})

const REQUESTS = 60

const askForProducts = (api: Api, requests = REQUESTS) =>
  Array.from({ length: requests }, () => api.get('/subscriptions/products?filter=like(name,*a*)'))

/** How many connections of the service wait for the lock. */
async function stuck(): Promise<number> {
  const { rows } = await service.pool.query(
    "select count(*)::int as count from pg_locks where not granted and relation = 'products'::regclass",
  )
  return rows[0].count
}

async function waiting(): Promise<number> {
  const { body } = await service.api.get('/metrics')
  const [, count] = /intake_database_connections\{pool="api",state="waiting"\} (\d+)/.exec(body) ?? []
  return Number(count)
}

describe('A store with more slow requests than there are connections', () => {
  test('holds five of them, and others are answered meanwhile', async () => {
    const answers = askForProducts(greedy)
    await expect.poll(waiting).toBe(REQUESTS - 5)
    expect(await stuck()).toBe(5)
    // Reads, writes, an unknown token, and routes outside the owners' shares.
    expect((await other.get('/subscriptions/plans')).status).toBe(200)
    expect((await other.post('/subscriptions/plans', aPlan())).status).toBe(201)
    expect((await (await service.addStore()).get('/subscriptions/imports')).status).toBe(200)
    expect((await other.get('/readyz')).status).toBe(200)
    expect(await stuck()).toBe(5)
    await lock.query('rollback')
    for (const { status } of await Promise.all(answers)) expect(status).toBe(200)
  })

  test('shares with another such store, and a third is answered as soon as one of them is', async () => {
    const slow = [...askForProducts(greedy), ...askForProducts(other)]
    await expect.poll(stuck).toBe(8)
    const third = await service.addStore()
    expect((await third.get('/readyz')).status).toBe(200)
    let isAnswered = false
    const answer = third.get('/subscriptions/plans').then(({ status }) => {
      isAnswered = true
      return status
    })
    await expect.poll(waiting).toBe(2 * REQUESTS - 8 + 1)
    expect(isAnswered).toBe(false)
    await lock.query('rollback')
    // Its turn is next, not after the hundred that came before it.
    const answeredBefore = countSettled(slow)
    expect(await answer).toBe(200)
    expect(answeredBefore()).toBeLessThan(REQUESTS)
    await Promise.all(slow)
  })

  test('is told so if a request has waited as long as a statement may take', async () => {
    await service.restart({ STATEMENT_TIMEOUT: '1' })
    const details = new Set<string>()
    for (const answer of await Promise.all(askForProducts(greedy.at(service.server.url)))) {
      expectError(answer, 503, 'Service Unavailable', /please try again later/)
      expect(answer.headers.get('retry-after')).toBe('5')
      details.add(answer.body.errors[0].detail)
    }
    expect([...details].toSorted()).toEqual([
      'The database took too long over this request, which has changed nothing; please try again later.',
      'Too many requests of this store or organization are waiting for the database; please try again later.',
    ])
    expect(await waiting()).toBe(0)
  })
})

/** How many of them have been settled so far. */
function countSettled(promises: readonly Promise<unknown>[]): () => number {
  let settled = 0
  for (const promise of promises) promise.finally(() => (settled += 1))
  return () => settled
}
