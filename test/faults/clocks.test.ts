import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createWebhook } from '../../src/webhooks/webhooks.js'
import type { RecordResource } from '../support/api.js'
import { anOffering, aPlan, aProduct, file } from '../support/builders.js'
import { type Receiver, startReceiver } from '../support/receiver.js'
import { ownerIdOf } from '../support/rows.js'
import { startTestService, type TestService } from '../support/service.js'

const HOUR_MS = 3_600_000
const preload = new URL('../support/shifted-clock.mjs', import.meta.url).href

let service: TestService
let receiver: Receiver
beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(() => receiver.stop())

const databaseTime = async (): Promise<string> =>
  (await service.pool.query('select clock_timestamp() as now')).rows[0].now

/**
 * Runs `work` and expects the times of its result to be between its start and its end, by the database's
 * clock.
 */
async function createsNow(work: () => Promise<RecordResource | undefined>): Promise<void> {
  const before = await databaseTime()
  const { created_at = '', updated_at = '' } = (await work())?.meta.timestamps ?? {}
  const after = await databaseTime()
  // A record's times are whole milliseconds, rounded up.
  expect(created_at >= before && Date.parse(created_at) <= Date.parse(after) + 1).toBe(true)
  expect(updated_at >= created_at).toBe(true)
}

const content = file(
  aProduct({ external_ref: 'p' }),
  aPlan({ external_ref: 'plan' }),
  'garbage',
  anOffering({ external_ref: 'o', products: ['p'], plans: ['plan'] }),
)

const resultsOf = (id: string) =>
  service.api.lines<{ line_number: number }>(`/subscriptions/imports/${id}/results`)

describe.each([-5, 5])('With the clock of the process off by %d hours', (hours) => {
  beforeAll(async () => {
    service = await startTestService({
      ALLOW_PRIVATE_WEBHOOKS: 'true',
      CLOCK_SHIFT_MS: String(hours * HOUR_MS),
      NODE_OPTIONS: `--import=${preload}`,
    })
  })
  afterAll(() => service.stop())

  test('the results of an import are complete, and its records have times within its own', async () => {
    const { id, meta } = await service.api.import(content)
    expect((await resultsOf(id)).map(({ line_number }) => line_number)).toEqual([1, 2, 4])
    const { started_at = '', finished_at = '' } = meta.timestamps
    for (const list of ['products', 'plans', 'offerings']) {
      const filter = `filter=ge(created_at,${started_at}):le(created_at,${finished_at})`
      expect(await service.api.read<unknown[]>(`/subscriptions/${list}?${filter}`)).toHaveLength(1)
    }
  })

  test('records and snapshots that are created by requests have the time of the database', async () => {
    const { api } = service
    await createsNow(() => api.add(aPlan()))
    await createsNow(() => api.add(anOffering()))
    const product = await api.add(
      aProduct({ price: { EUR: { amount: 100 } }, price_units: { unit: 'day', amount: 1 } }),
    )
    const offering = await api.add(anOffering())
    await createsNow(async () => {
      const path = `/subscriptions/offerings/${offering.id}/products`
      await api.post(`${path}/attach`, { data: { products: [product.id] } })
      return (await api.read<RecordResource[]>(path)).find(({ attributes }) => attributes.price !== undefined)
    })
    // Ids use the same clock: on a page, newest first, what was just added comes before what existed.
    const [first, second] = await api.read<RecordResource[]>('/subscriptions/offerings')
    expect(first?.id).toBe(offering.id)
    expect((first?.id ?? '') > (second?.id ?? '')).toBe(true)
  })

  test('a message to a webhook has the time of the database, or its receiver would consider it old', async () => {
    await createWebhook(service.pool, await ownerIdOf(service.pool, service.api), receiver.url)
    await service.api.import(content.replaceAll('"external_ref":"p"', '"external_ref":"p-2"'))
    await expect.poll(() => receiver.messages.length).toBe(1)
    const told = Number(receiver.messages[0]?.headers['webhook-timestamp']) * 1000
    expect(Math.abs(Date.parse(await databaseTime()) - told)).toBeLessThan(HOUR_MS)
  })
})

describe('With the clock of the database changed during an import', () => {
  beforeAll(async () => {
    service = await startTestService()
  })
  afterAll(() => service.stop())

  test('its results are still complete', async () => {
    const { id } = await service.api.import(content)
    await service.pool.query("update imports set started_at = started_at + interval '1 day' where id = $1", [
      id,
    ])
    expect(await resultsOf(id)).toHaveLength(3)
  })
})
