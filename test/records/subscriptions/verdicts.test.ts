import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Answer, Api, RecordResource } from '../../support/api.js'
import {
  anOffering,
  anOfferingAlone,
  aPlan,
  aProduct,
  aSubscription,
  counts,
  file,
} from '../../support/builders.js'
import { newStoreEach, testService } from '../../support/service.js'
import type { Complaint } from '../rules/rule.js'

/*
 * What is wrong with a subscription of an offering, which only the database can say (contract 14). A line, a
 * rehearsal and both forms of a POST have to say the same.
 */

const service = testService()
const EUR = { EUR: { amount: 900 } }
const USD = { USD: { amount: 1000 } }
const FUTURE = '9999-12-31T23:59:59Z'
const UNKNOWN = randomUUID()

const plan = (attributes: object = {}) => aPlan({ ...attributes }).data.attributes

/** The offerings that the cases name, in a store of an organization that has one as well. */
async function sell() {
  const organization = await service.addOrganization()
  const store = await service.addStore(organization.id)
  const stranger = await service.addStore()
  const monthly = await store.add(aPlan({ external_ref: 'monthly', fixed_price: EUR }))
  const yearly = await store.add(aPlan({ external_ref: 'yearly', fixed_price: { ...EUR, ...USD } }))
  const sold = (external_ref: string, plans: unknown[], products: unknown[] = [aProduct().data.attributes]) =>
    store.add(anOffering({ external_ref, plans, products }))
  return {
    store,
    monthly,
    yearly,
    free: await sold('free', [plan()]),
    one: await sold('one', [monthly.id]),
    two: await sold('two', [monthly.id, yearly.id]),
    three: await sold('three', [plan(), plan(), plan()]),
    twins: await sold('twins', [plan({ external_ref: 'twin' }), plan({ external_ref: 'twin' })]),
    partly: await sold('partly', [
      plan({ external_ref: 'priced', fixed_price: EUR }),
      plan({ external_ref: 'unpriced' }),
    ]),
    sum: await sold(
      'sum',
      [plan({ base_price_percentage: 50 })],
      [aProduct({ price: { ...EUR, ...USD } }).data.attributes, aProduct({ price: EUR }).data.attributes],
    ),
    empty: await store.add(anOfferingAlone({ external_ref: 'empty' })),
    shared: await organization.api.add(
      anOffering({ external_ref: 'shared', plans: [plan({ external_ref: 'org-plan' }), plan()] }),
    ),
    foreign: await stranger.add(anOffering({ external_ref: 'foreign' })),
  }
}

type Shop = Awaited<ReturnType<typeof sell>>

/** The ids of the snapshots that an offering has of its plans. */
const plansOf = ({ relationships }: RecordResource): string[] =>
  (relationships?.plans?.data ?? []).map(({ id }) => id)

type Attributes = Readonly<Record<string, unknown>>

interface Case {
  readonly title: string
  readonly attributes: (shop: Shop) => Attributes
  readonly problems: (shop: Shop) => Complaint[]
}

const valid = (title: string, attributes: (shop: Shop) => Attributes): Case => ({
  title: `may ${title}`,
  attributes,
  problems: () => [],
})

const invalid = (
  title: string,
  attributes: (shop: Shop) => Attributes,
  ...problems: (Complaint | ((shop: Shop) => Complaint))[]
): Case => ({
  title: `may not ${title}`,
  attributes,
  problems: (shop) => problems.map((problem) => (typeof problem === 'function' ? problem(shop) : problem)),
})

const byRef = (offering_external_ref: string, more: Attributes = {}): Attributes => ({
  offering_external_ref,
  ...more,
})
const byId = (offering_id: string, more: Attributes = {}): Attributes => ({
  offering_external_ref: undefined,
  offering_id,
  ...more,
})

const noOffering = (field: string, ref: string): Complaint => [field, `offering "${ref}" was not found`]
const noPlan = (field: string, ref: string): Complaint => [
  field,
  `plan "${ref}" is not one of the offering's plans`,
]
const noPrice = (currency: string): Complaint => ['currency', `the selected plan has no price in ${currency}`]
const future = (field: string): Complaint => [field, `${field} must not be in the future`]

const offerings: Case[] = [
  valid('name an offering by its external_ref', () => byRef('one')),
  valid('name an offering by its id', ({ one }) => byId(one.id)),
  valid('name an offering by its id in capitals', ({ one }) => byId(one.id.toUpperCase())),
  valid('name an offering of the organization by its external_ref', () =>
    byRef('shared', { selected_plan: 'org-plan' }),
  ),
  valid('name an offering of the organization by its id', ({ shared }) =>
    byId(shared.id, { plan_id: plansOf(shared)[1] }),
  ),
  valid('leave offering_external_ref empty beside an offering_id', ({ one }) =>
    byId(one.id, { offering_external_ref: '' }),
  ),
  invalid(
    'name an offering that is not there',
    () => byRef('nothing'),
    noOffering('offering_external_ref', 'nothing'),
  ),
  invalid('name an offering in another case', () => byRef('One'), noOffering('offering_external_ref', 'One')),
  invalid(
    'name an offering by an id that nothing has',
    () => byId(UNKNOWN),
    noOffering('offering_id', UNKNOWN),
  ),
  invalid(
    'name a plan where an offering is due',
    ({ monthly }) => byId(monthly.id),
    ({ monthly }) => noOffering('offering_id', monthly.id),
  ),
  invalid(
    'name an offering by its id where its external_ref is due',
    ({ one }) => byRef(one.id),
    ({ one }) => noOffering('offering_external_ref', one.id),
  ),
  invalid(
    'name another store’s offering by its external_ref',
    () => byRef('foreign'),
    noOffering('offering_external_ref', 'foreign'),
  ),
  invalid(
    'name another store’s offering by its id',
    ({ foreign }) => byId(foreign.id),
    ({ foreign }) => noOffering('offering_id', foreign.id),
  ),
]

const selections: Case[] = [
  valid('name no plan where there is only one', () => byRef('free')),
  valid('select the only plan all the same', () => byRef('one', { selected_plan: 'monthly' })),
  valid('select a plan by its external_ref', () => byRef('two', { selected_plan: 'yearly' })),
  valid('select a plan by the id that the offering’s snapshot has', ({ two }) =>
    byRef('two', { plan_id: plansOf(two)[1] }),
  ),
  valid('select a plan by its original’s id', ({ yearly }) => byRef('two', { plan_id: yearly.id })),
  valid('select a plan by its id in capitals', ({ yearly }) =>
    byRef('two', { plan_id: yearly.id.toUpperCase() }),
  ),
  valid('select one of the plans that share an external_ref by its id', ({ twins }) =>
    byRef('twins', { plan_id: plansOf(twins)[0] }),
  ),
  ...(
    [
      ['two', 2],
      ['three', 3],
      ['twins', 2],
    ] as const
  ).map(([ref, count]) =>
    invalid(`leave open which of ${count} plans it is (${ref})`, () => byRef(ref), [
      'plan_id',
      `one of the offering's ${count} plans must be selected, by plan_id or selected_plan`,
    ]),
  ),
  invalid('be of an offering without plans', () => byRef('empty'), ['plan_id', 'the offering has no plans']),
  invalid(
    'select a plan by an id that nothing has',
    () => byRef('two', { plan_id: UNKNOWN }),
    noPlan('plan_id', UNKNOWN),
  ),
  invalid(
    'select a plan of another offering',
    ({ two }) => byRef('free', { plan_id: plansOf(two)[0] }),
    ({ two }) => noPlan('plan_id', plansOf(two)[0] ?? ''),
  ),
  invalid(
    'select a plan that is not the offering’s',
    ({ yearly }) => byRef('one', { plan_id: yearly.id }),
    ({ yearly }) => noPlan('plan_id', yearly.id),
  ),
  invalid(
    'select a plan by an external_ref that is not one of the offering’s',
    () => byRef('one', { selected_plan: 'yearly' }),
    noPlan('selected_plan', 'yearly'),
  ),
  invalid(
    'select a plan by its id where its external_ref is due',
    ({ yearly }) => byRef('two', { selected_plan: yearly.id }),
    ({ yearly }) => noPlan('selected_plan', yearly.id),
  ),
  invalid(
    'select one of the plans that share an external_ref by that',
    () => byRef('twins', { selected_plan: 'twin' }),
    ['selected_plan', `plan "twin" is several of the offering's plans`],
  ),
]

const prices: Case[] = [
  valid('be in any currency where nothing has a price', () => byRef('free', { currency: 'JPY' })),
  valid('be in a currency of the plan’s', () => byRef('two', { selected_plan: 'yearly', currency: 'USD' })),
  valid('be in a currency in which all products have a price', () => byRef('sum')),
  invalid(
    'be in a currency that only the other plan has',
    () => byRef('two', { selected_plan: 'monthly', currency: 'USD' }),
    noPrice('USD'),
  ),
  invalid(
    'be in a currency in which not all products have a price',
    () => byRef('sum', { currency: 'USD' }),
    noPrice('USD'),
  ),
  invalid(
    'be of a plan without a price where the other has one',
    () => byRef('partly', { selected_plan: 'unpriced' }),
    noPrice('EUR'),
  ),
]

const times: Case[] = [
  valid('go live in the future', () => byRef('one', { pending: true, go_live_after: FUTURE })),
  valid('have started, paused and been canceled in the past', () =>
    byRef('one', {
      first_invoice_paid: true,
      started_at: '2024-01-31T12:00:00+05:45',
      paused_at: '2024-02-01T00:00:00Z',
      canceled_at: '2024-02-02T00:00:00Z',
    }),
  ),
  invalid(
    'start in the future',
    () => byRef('one', { first_invoice_paid: true, started_at: FUTURE }),
    future('started_at'),
  ),
  invalid('pause in the future', () => byRef('one', { paused_at: FUTURE }), future('paused_at')),
  invalid('be canceled in the future', () => byRef('one', { canceled_at: FUTURE }), future('canceled_at')),
  invalid(
    'have any of its times in the future, all of which are named',
    () =>
      byRef('one', {
        first_invoice_paid: true,
        started_at: FUTURE,
        paused_at: FUTURE,
        canceled_at: FUTURE,
      }),
    future('started_at'),
    future('paused_at'),
    future('canceled_at'),
  ),
  invalid(
    'pause in the future, whatever else is wrong: the offering',
    () => byRef('nothing', { paused_at: FUTURE }),
    noOffering('offering_external_ref', 'nothing'),
    future('paused_at'),
  ),
  invalid(
    'pause in the future, whatever else is wrong: the currency',
    () => byRef('one', { currency: 'JPY', paused_at: FUTURE }),
    noPrice('JPY'),
    future('paused_at'),
  ),
  invalid(
    'have what a line alone decides wrong, of which alone it is told',
    () => byRef('nothing', { currency: 'eur', paused_at: FUTURE }),
    ['currency', 'currency must be a currency code of three capital letters'],
  ),
]

const cases = [...offerings, ...selections, ...prices, ...times]

let shop: Shop
beforeAll(async () => {
  shop = await sell()
})

const bodyOf = ({ attributes }: Case) => aSubscription(attributes(shop)).data
const sorted = (problems: readonly Complaint[]) => problems.map((problem) => problem.join(' → ')).sort()

describe.each([
  ['A line of an import', false],
  ['A line of a rehearsal', true],
])('%s', (_, dryRun) => {
  const complaints = new Map<number, Complaint[]>()
  let before: number
  beforeAll(async () => {
    before = await total(shop.store)
    const lines = cases.map((one) => ({ data: bodyOf(one) }))
    const { id } = await shop.store.import(file(...lines), { dryRun })
    for (const { line, field, error } of await shop.store.errors(id)) {
      complaints.set(line, [...(complaints.get(line) ?? []), [field, error]])
    }
  })

  test.each(cases.map((one, index) => [one.title, one, index] as const))('%s', (_, { problems }, index) => {
    expect(sorted(complaints.get(index + 1) ?? [])).toEqual(sorted(problems(shop)))
  })

  test('adds what is valid, if it is not a rehearsal', async () => {
    const added = dryRun ? 0 : cases.filter(({ problems }) => problems(shop).length === 0).length
    expect(await total(shop.store)).toBe(before + added)
  })
})

const total = async (api: Api): Promise<number> =>
  (await api.get('/subscriptions/subscriptions')).body.meta.results.total

describe.each<[string, string, (data: ReturnType<typeof bodyOf>) => object]>([
  ['A POST', 'data.attributes', (data) => data],
  ['A flat POST', 'data', ({ type, attributes }) => ({ type, ...attributes })],
])('%s', (_, path, form) => {
  test.each(cases.map((one) => [one.title, one] as const))('%s', async (_, one) => {
    const answer = await shop.store.post('/subscriptions/subscriptions', { data: form(bodyOf(one)) })
    expectVerdict(answer, path, one.problems(shop))
  })

  test('names what is missing in the meta of its error', async () => {
    const body = { data: form(aSubscription(byId(UNKNOWN)).data) }
    const { body: answer } = await shop.store.post('/subscriptions/subscriptions', body)
    expect(answer.errors).toEqual([
      expect.objectContaining({ meta: { code: 'not_found', missing_ids: [UNKNOWN] } }),
    ])
  })
})

function expectVerdict({ status, body }: Answer, path: string, problems: readonly Complaint[]): void {
  const details = (body.errors ?? []).map(({ detail }: { detail: string }) => detail)
  expect(details.sort()).toEqual(problems.map(([field, error]) => `${path}.${field}: ${error}`).sort())
  expect(status).toBe(problems.length === 0 ? 201 : 400)
}

describe('An offering of the same file', () => {
  const store = newStoreEach(service)

  const was = anOffering({
    external_ref: 'coffee',
    products: ['beans'],
    plans: [plan({ external_ref: 'old' })],
  })
  const becomes = anOffering({
    external_ref: 'coffee',
    products: ['beans'],
    plans: [plan({ external_ref: 'new' })],
  })
  const beans = (price: object) => aProduct({ external_ref: 'beans', price })

  const oldPlan = (line: number) => [line, 'selected_plan', `plan "old" is not one of the offering's plans`]
  const newPlan = (line: number) => [line, 'selected_plan', `plan "new" is not one of the offering's plans`]
  const noEuro = (line: number) => [line, 'currency', 'the selected plan has no price in EUR']
  const noDollar = (line: number) => [line, 'currency', 'the selected plan has no price in USD']

  test.each(
    (
      [
        ['update', [oldPlan(1), noEuro(2)]],
        ['skip', [noDollar(1), newPlan(2), newPlan(5)]],
      ] as const
    ).flatMap(([onConflict, problems]) =>
      [false, true].map((dryRun) => [onConflict, dryRun, problems] as const),
    ),
  )('counts as it is after the file, with %s (dry run: %j)', async (onConflict, dryRun, problems) => {
    await store.import(file(beans(EUR), was))
    const content = file(
      aSubscription({ selected_plan: 'old', currency: 'USD' }),
      aSubscription({ selected_plan: 'new', currency: 'EUR' }),
      becomes,
      beans(USD),
      aSubscription({ selected_plan: 'new', currency: 'USD' }),
    )
    const { id, meta } = await store.import(content, { dryRun, onConflict })
    expect((await store.errors(id)).map(({ line, field, error }) => [line, field, error])).toEqual(problems)
    expect(meta.records.imported.subscription).toBe(3 - problems.length)
    expect(await total(store)).toBe(dryRun ? 0 : 3 - problems.length)
    const [offering] = await store.read<RecordResource[]>('/subscriptions/offerings?include=plans')
    expect(offering?.relationships?.plans?.data).toHaveLength(1)
  })

  test.each([false, true])('that is rejected is not there for them (dry run: %j)', async (dryRun) => {
    await store.import(file(beans(EUR), was))
    const { id } = await store.import(
      file(becomes, aSubscription({ selected_plan: 'new' }), aSubscription({ selected_plan: 'old' })),
      { dryRun },
    )
    const [first, ...others] = await store.errors(id)
    expect(first).toMatchObject({ line: 1, field: 'external_ref' })
    expect(others.map(({ line, field, error }) => [line, field, error])).toEqual([newPlan(2)])
  })

  test.each([
    ['by an import', false],
    ['by a rehearsal', true],
  ])('is found wherever it stands, and its plans and prices count: %s', async (_, dryRun) => {
    const offering = anOffering({
      external_ref: 'coffee',
      products: ['beans'],
      plans: [plan({ external_ref: 'monthly', fixed_price: USD }), plan({ external_ref: 'yearly' })],
    })
    const content = file(
      aSubscription({ selected_plan: 'monthly', currency: 'USD' }),
      aSubscription({ selected_plan: 'yearly', currency: 'USD' }),
      aSubscription({ offering_external_ref: 'broken', paused_at: FUTURE }),
      offering,
      anOffering({ external_ref: 'broken', products: ['no-such'] }),
      aProduct({ external_ref: 'beans', price: EUR }),
      aSubscription({ selected_plan: 'yearly', currency: 'EUR' }),
      aSubscription({ selected_plan: 'weekly' }),
    )
    const { id, meta } = await store.import(content, { dryRun })
    expect((await store.errors(id)).map(({ line, field, error }) => [line, field, error])).toEqual([
      [2, 'currency', 'the selected plan has no price in USD'],
      [3, 'offering_external_ref', 'offering "broken" was not found'],
      [3, 'paused_at', 'paused_at must not be in the future'],
      [5, 'products[0]', 'product "no-such" was not found'],
      [8, 'selected_plan', `plan "weekly" is not one of the offering's plans`],
    ])
    expect(meta.records.imported).toEqual(counts(1, 0, 0, 1, 0, 2))
    expect(await total(store)).toBe(dryRun ? 0 : 2)
  })
})
