import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Api, RecordResource } from '../../support/api.js'
import {
  anInlineSubscription,
  anOffering,
  aPlan,
  aProduct,
  aState,
  aSubscription,
  file,
} from '../../support/builders.js'
import { expectError, expectUnparsableFilter } from '../../support/errors.js'
import { newStoreEach, testService } from '../../support/service.js'
import { expectAsContract } from './contract.js'

const service = testService()
const store = newStoreEach(service)

const LIST = '/subscriptions/subscriptions'
const ACCOUNT = '0b2a5d0e-8a5c-4d4e-9d5e-3a1b2c3d4e5f'
const OTHER_ACCOUNT = '6f1c1f3e-2f0b-4c57-9b1e-7d6a5b4c3d2e'

const coffee = anOffering({
  external_ref: 'coffee',
  products: [aProduct().data.attributes, aProduct({ name: 'Filters' }).data.attributes],
  plans: [
    aPlan({ external_ref: 'monthly' }).data.attributes,
    aPlan({ external_ref: 'yearly', billing_interval_type: 'year' }).data.attributes,
  ],
})

test('Subscriptions are listed newest first, and newest of their page first in `included`', async () => {
  const names = ['First', 'Second', 'Third']
  await store.import(file(coffee, ...names.map((name) => aSubscription({ name, selected_plan: 'monthly' }))))
  const [first, second] = await store.pages(`${LIST}?page[limit]=2&include=products,plans`)
  expectAsContract('subscriptions', first)
  const namesOf = (page: { data: RecordResource[] } | undefined) =>
    page?.data.map(({ attributes: { name } }) => name)
  expect([first, second].map(namesOf)).toEqual([['Third', 'Second'], ['First']])
  expect(first.meta.results.total).toBe(3)
  expect([first, second].map(({ included: { products, plans } }) => [products.length, plans.length])).toEqual(
    [
      [4, 4],
      [2, 2],
    ],
  )
})

describe('An organization', () => {
  let organization: Api
  let itsStore: Api
  beforeEach(async () => {
    const { id, api } = await service.addOrganization()
    organization = api
    itsStore = await service.addStore(id)
  })

  test('has subscriptions that its stores read and do not write', async () => {
    await organization.add(coffee)
    const own = await organization.add(aSubscription({ selected_plan: 'monthly' }))
    const path = `${LIST}/${own.id}`
    const { body } = await itsStore.get(`${path}?include=products,plans`)
    expectAsContract('subscription', body)
    expect(body.data).toEqual(own)
    expect(own.meta.owner).toBe('organization')
    expect(await itsStore.read(LIST)).toEqual([body.data])

    const change = { data: { type: 'subscription', attributes: { name: 'Changed' } } }
    for (const answer of [
      await itsStore.put(path, change),
      await itsStore.delete(path),
      await itsStore.post(`${path}/states`, aState('pause')),
    ]) {
      expectError(answer, 403, 'Permission denied', 'Permission denied: subscription tenancy mismatch')
    }
    expect(await organization.read(path)).toEqual(body.data)
  })

  test('has offerings of which its stores have subscriptions, which are the store’s own', async () => {
    await organization.add(coffee)
    await itsStore.import(file(aSubscription({ selected_plan: 'monthly' })))
    const [own] = await itsStore.read<RecordResource[]>(`${LIST}?include=plans`)
    expect(own?.meta.owner).toBe('store')
    expect(await organization.read(LIST)).toEqual([])
    const { body } = await itsStore.get(`${LIST}/${own?.id}/plans`)
    expectAsContract('plans', body)
    expect(body.data.map(({ meta }: RecordResource) => meta.owner)).toEqual(['store', 'store'])
  })

  test('and its store may both have an offering of this external_ref: the store’s own counts', async () => {
    await organization.add(anOffering({ external_ref: 'coffee', name: 'The organization’s' }))
    await itsStore.import(file(aSubscription(), anOffering({ external_ref: 'coffee', name: 'The store’s' })))
    const [own] = await itsStore.read<RecordResource[]>(LIST)
    expect(own?.attributes.offering).toMatchObject({ attributes: { name: 'The store’s' } })
  })
})

describe('The list can be filtered', () => {
  let seller: Api
  beforeAll(async () => {
    seller = await service.addStore()
    const past = { first_invoice_paid: true, started_at: '2024-01-31T12:00:00Z' }
    await seller.import(
      file(
        coffee,
        aSubscription({ name: 'Live', external_ref: 'ref-1', selected_plan: 'monthly', ...past }),
        aSubscription({ name: 'Paused', selected_plan: 'yearly', paused_at: '2024-02-01T00:00:00Z' }),
        anInlineSubscription({ name: 'Pending', account_id: OTHER_ACCOUNT, pending: true }),
        anInlineSubscription({
          name: 'Within',
          email: 'Ada@example.com',
          offering: { name: 'Tea', external_ref: 'tea' },
        }),
        anInlineSubscription({ name: 'Never live', pending: true, canceled_at: '2024-02-01T00:00:00Z' }),
        anInlineSubscription({ name: 'Over', ...past, canceled_at: '2024-02-01T00:00:00Z' }),
        anInlineSubscription({ name: 'Running out', ...past, canceled_at: new Date().toISOString() }),
        anInlineSubscription({
          name: 'Closed',
          ...past,
          plans: [aPlan({ end_behavior: 'close' }).data.attributes],
        }),
      ),
    )
  })

  const found = async (...filters: string[]) => {
    const query = new URLSearchParams(filters.map((filter): [string, string] => ['filter', filter]))
    const { body } = await seller.get(`${LIST}?${query}`)
    expectAsContract('subscriptions', body)
    expect(body.meta.results.total).toBe(body.data.length)
    return body.data.map(({ attributes: { name } }: RecordResource) => name).sort()
  }

  const ALL = ['Closed', 'Live', 'Never live', 'Over', 'Paused', 'Pending', 'Running out', 'Within']
  const INACTIVE = ['Closed', 'Never live', 'Over', 'Paused', 'Pending']
  const ACTIVE = ALL.filter((name) => !INACTIVE.includes(name))

  test.each<[string, string[]]>([
    ['eq(status,active)', ACTIVE],
    ['eq(status,inactive)', INACTIVE],
    ['in(status,active,inactive)', ALL],
    ['in(status,active)', ACTIVE],
    ['eq(status,active):eq(offering_external_ref,coffee)', ['Live']],
    ['eq(status,inactive):like(name,P*)', ['Paused', 'Pending']],
    ['eq(offering_external_ref,coffee)', ['Live', 'Paused']],
    ['eq(offering_external_ref,tea)', ['Within']],
    ['eq(offering_external_ref,Tea)', []],
    ['in(offering_external_ref,tea,coffee,milk)', ['Live', 'Paused', 'Within']],
    [`eq(account_id,${OTHER_ACCOUNT})`, ['Pending']],
    [`in(account_id,${ACCOUNT},${OTHER_ACCOUNT})`, ALL],
    ['eq(name,Live)', ['Live']],
    ['in(name,Live,Over,None)', ['Live', 'Over']],
    ['like(name,*ing*)', ['Pending', 'Running out']],
    ['eq(email,Ada@example.com)', ['Within']],
    ['like(email,ada@*)', ['Within']],
    ['eq(external_ref,ref-1)', ['Live']],
    ['ge(created_at,2024-01-01)', ALL],
    ['lt(updated_at,2024-01-01)', []],
  ])('by %s', async (filter, names) => {
    expect(await found(filter)).toEqual(names)
  })

  test('by its id', async () => {
    const { body } = await seller.get(`${LIST}?filter=eq(name,Live)`)
    expect(await found(`eq(id,${body.data[0].id})`)).toEqual(['Live'])
  })

  test.each([
    'like(status,act*)',
    'gt(status,active)',
    'gt(name,A)',
    'eq(account_id,5)',
    'eq(payment_authority,a)',
    'eq(currency,EUR)',
    'eq(products.external_ref,beans)',
  ])('not by %s', async (filter) => {
    expectUnparsableFilter(await seller.get(`${LIST}?${new URLSearchParams({ filter })}`))
  })

  test('by a status that agrees with the one that is shown', async () => {
    for (const status of ['active', 'inactive']) {
      const shown = await seller.read<{ meta: { status: string } }[]>(`${LIST}?filter=eq(status,${status})`)
      expect(new Set(shown.map(({ meta }) => meta.status))).toEqual(new Set([status]))
    }
  })
})
