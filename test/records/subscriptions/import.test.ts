import { describe, expect, test } from 'vitest'
import type { RecordResource } from '../../support/api.js'
import {
  anInlineSubscription,
  anOffering,
  aPlan,
  aProduct,
  aSubscription,
  counts,
  file,
} from '../../support/builders.js'
import { newStoreEach, testService } from '../../support/service.js'
import { expectAsContract } from './contract.js'

const service = testService()
const store = newStoreEach(service)

const LIST = '/subscriptions/subscriptions'

const everything = async () => (await store.get(`${LIST}?include=products,plans`)).body

describe('An import of subscriptions', () => {
  const offering = anOffering({ external_ref: 'coffee' })
  const namesOf = async () =>
    (await store.read<RecordResource[]>(LIST)).map(({ attributes: { name } }) => name).reverse()

  test('finds an offering that stands later in the file, however far, and one that was there', async () => {
    await store.import(file(anOffering({ external_ref: 'old' })))
    const padding = Array.from({ length: 2100 }, (_, index) => aProduct({ external_ref: `p-${index}` }))
    const { meta } = await store.import(
      file(
        aSubscription({ name: 'Before' }),
        aSubscription({ name: 'Of the old', offering_external_ref: 'old' }),
        ...padding,
        anOffering({ external_ref: 'coffee', products: ['p-2099', 'late'], plans: ['monthly'] }),
        aSubscription({ name: 'After' }),
        aProduct({ external_ref: 'late' }),
        aPlan({ external_ref: 'monthly' }),
      ),
    )
    expect(meta.errors).toBe(0)
    expect(meta.records.uploaded).toEqual(counts(2101, 1, 0, 1, 0, 3))
    expect(meta.records.imported).toEqual(counts(2101, 1, 0, 1, 0, 3))
    expect((await namesOf()).sort()).toEqual(['After', 'Before', 'Of the old'])
    const { body } = await store.get(`${LIST}?include=products`)
    expect(body.included.products).toHaveLength(5)
  })

  test('rejects one whose external_ref is taken, by an earlier line or by what is there', async () => {
    const { id: firstId } = await store.add(anInlineSubscription({ external_ref: 'taken' }))
    const { id, meta } = await store.import(
      file(
        aSubscription({ external_ref: 'taken' }),
        offering,
        aSubscription({ external_ref: 'new', name: 'New' }),
        anInlineSubscription({ external_ref: 'new' }),
      ),
    )
    expect((await store.errors(id)).map(({ line, error }) => [line, error])).toEqual([
      [1, `external_ref "taken" is already used by subscription ${firstId}`],
      [4, 'external_ref "new" is already used by line 3'],
    ])
    expect(meta.records.imported).toEqual(counts(0, 0, 0, 1, 0, 1))
    expect(await namesOf()).toEqual(['A subscriber', 'New'])
    expect((await store.post(LIST, anInlineSubscription({ external_ref: 'new' }))).status).toBe(409)
  })

  test('skips one that is there, and leaves it as it is, its copies too', async () => {
    await store.import(file(offering, aSubscription({ external_ref: 'a' }), anInlineSubscription()))
    const before = await everything()
    const again = anInlineSubscription({ external_ref: 'a', paused_at: '2024-01-31T12:00:00Z' })
    const { meta } = await store.import(file(again), { onConflict: 'skip' })
    expect(meta.errors).toBe(0)
    expect(meta.records.skipped).toEqual(counts(0, 0, 0, 0, 0, 1))
    expect(meta.records.imported).toEqual(counts())
    expect(await everything()).toEqual(before)
  })

  test.each(['skip', 'update'] as const)('with %s may be done twice', async (onConflict) => {
    const lines = Array.from({ length: 1500 }, (_, index) => aSubscription({ external_ref: `s-${index}` }))
    const content = file(...lines, offering)
    for (const _ of [1, 2]) expect((await store.import(content, { onConflict })).meta.errors).toBe(0)
    const { body } = await store.get(LIST)
    expect(body.meta.results.total).toBe(1500)
    const { rows } = await service.pool.query(
      'select count(*)::int as count from subscription_plans where holder_id in (select id from subscriptions where owner_id = (select owner_id from subscriptions where id = $1))',
      [body.data[0].id],
    )
    expect(rows[0].count).toBe(1500)
  })

  test('says in its results which subscription a line became', async () => {
    const { id } = await store.import(file(offering, aSubscription({ external_ref: 'a' })))
    const [found] = await store.read<RecordResource[]>(LIST)
    expect((await store.lines(`/subscriptions/imports/${id}/results`))[1]).toEqual({
      line_number: 2,
      type: 'subscription',
      id: found?.id,
      external_ref: 'a',
    })
  })

  test('updates one that is there: it keeps its id and place, and has what its line has, no more', async () => {
    await store.import(
      file(
        anOffering({ external_ref: 'coffee', products: [aProduct({ name: 'Beans' }).data.attributes] }),
        aSubscription({
          external_ref: 'sub',
          paused_at: '2024-02-01T12:00:00Z',
          address_id: '6f1c1f3e-2f0b-4c57-9b1e-7d6a5b4c3d2e',
        }),
        anInlineSubscription({ name: 'Another' }),
      ),
    )
    const before = (await store.read<RecordResource[]>(LIST))[1]
    const line = anInlineSubscription({
      external_ref: 'sub',
      name: 'Renamed',
      products: [aProduct({ name: 'Tea' }).data.attributes, aProduct({ name: 'Cup' }).data.attributes],
    })
    const { meta } = await store.import(file(line), { onConflict: 'update' })
    expect(meta.errors).toBe(0)
    const { body } = await store.get(`${LIST}?include=products,plans`)
    expectAsContract('subscriptions', body)
    const after = body.data[1]
    expect(after.id).toBe(before?.id)
    expect(after.attributes).toMatchObject({ name: 'Renamed', created_at: before?.attributes.created_at })
    expect(after.attributes).not.toHaveProperty('address_id')
    expect(after.meta).toMatchObject({ paused: false, status: 'active', first_invoice_prepaid: false })
    expect(after.meta.timestamps).not.toHaveProperty('paused_at')
    const products = await store.read<RecordResource[]>(`${LIST}/${after.id}/products`)
    expect(products.map(({ attributes: { name } }) => name).sort()).toEqual(['Cup', 'Tea'])
    expect(body.included.products).toHaveLength(3)
    expect(body.included.plans).toHaveLength(2)
  })
})
