import { describe, expect, test } from 'vitest'
import type { Api } from '../../support/api.js'
import {
  aFeature,
  anInlineSubscription,
  anOffering,
  aPlan,
  aProduct,
  aState,
  aSubscriber,
  aSubscription,
  file,
  type RecordLine,
  times,
} from '../../support/builders.js'
import { expectError } from '../../support/errors.js'
import { newStoreEach, testService } from '../../support/service.js'

const service = testService()
const api = newStoreEach(service)

const TABLES = ['products', 'plans', 'features', 'subscribers', 'offerings', 'subscriptions'] as const

/** What `Accept: application/jsonl` answers at a list of records. */
async function exported(from: Api, path: string): Promise<string> {
  const { status, headers, body } = await from.request(`/subscriptions/${path}`, {
    headers: { accept: 'application/jsonl' },
  })
  expect(status).toBe(200)
  expect(headers.get('content-type')).toBe('application/jsonl; charset=utf-8')
  return String(body)
}

async function everything(from: Api, query = ''): Promise<string> {
  const parts: string[] = []
  for (const table of TABLES) parts.push(await exported(from, `${table}${query}`))
  return parts.join('')
}

const attributesIn = (lines: string): Record<string, unknown>[] =>
  lines
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).data.attributes)

/** Imports lines of which none may be wrong. */
async function imports(into: Api, content: string): Promise<void> {
  const { id } = await into.import(content)
  expect(await into.errors(id)).toEqual([])
}

const price = { EUR: { amount: 1000 }, USD: { amount: 1250, includes_tax: true } }
const stripe = { type: 'elastic_path_payments_stripe', customer_id: 'cus_1', card_id: 'card_1' }

/** One of every type, with every attribute; what refers does so in every way. */
const all = file(
  aProduct({
    external_ref: 'box',
    description: 'A kilo \u{1f600}',
    sku: '',
    main_image: 'https://example.com/box.png',
    price,
    price_units: { unit: 'month', amount: 2 },
  }),
  aProduct({ name: 'Without a reference' }),
  aPlan({ external_ref: 'monthly', trial_period: 0, base_price_percentage: 33.3 }),
  aPlan({ external_ref: 'yearly', fixed_price: price, billing_interval_type: 'year', end_behavior: 'close' }),
  aFeature({ external_ref: 'library' }),
  aFeature({ configuration: { type: 'usage', tag: 'downloads', label: 'Downloads', default_value: -5 } }),
  aSubscriber({ external_ref: 'ada', payment_authority: stripe }),
  anOffering({
    external_ref: 'coffee',
    products: ['box', aProduct({ external_ref: 'box', name: 'Within', price }).data.attributes],
    plans: ['yearly', 'monthly', aPlan({ name: 'Nameless' }).data.attributes],
    features: ['library', aFeature({ name: 'Within' }).data.attributes],
  }),
  anOffering({ external_ref: 'mixed', products: ['box', 'org-box'], plans: ['org-plan'] }),
  aSubscription({ selected_plan: 'monthly', external_ref: 's-1', payment_authority: stripe }),
  aSubscription({ offering_external_ref: 'mixed', pending: true, go_live_after: '2030-01-01T00:00:00Z' }),
  aSubscription({ offering_external_ref: 'org-offering', selected_plan: 'org-plan' }),
  anInlineSubscription({
    offering: { name: 'Tea, monthly', external_ref: 'tea' },
    plans: [aPlan().data.attributes, { ...aPlan().data.attributes, meta: { selected: true } }],
    first_invoice_paid: true,
    started_at: '2020-02-29T12:00:00.123456Z',
    paused_at: '2021-01-01T00:00:00Z',
    address_id: '0b2a5d0e-8a5c-4d4e-9d5e-3a1b2c3d4e5f',
  }),
)

const ofOrganization = file(
  aProduct({ external_ref: 'org-box', price }),
  aPlan({ external_ref: 'org-plan' }),
  aPlan({ external_ref: 'monthly', name: "The organization's" }),
  anOffering({ external_ref: 'org-offering', products: ['org-box'], plans: ['monthly', 'org-plan'] }),
)

async function twoStores(): Promise<{ organization: Api; one: Api; other: Api }> {
  const { id, api: organization } = await service.addOrganization()
  await imports(organization, ofOrganization)
  return { organization, one: await service.addStore(id), other: await service.addStore(id) }
}

describe('What one store exports another imports', () => {
  test('and exports the same bytes, all types and references into the organization included', async () => {
    const { one, other } = await twoStores()
    await imports(one, all)
    const first = await everything(one)
    expect(attributesIn(first)).toHaveLength(all.split('\n').length - 1)
    await imports(other, first)
    expect(await everything(other)).toBe(first)
  })

  test('so it is with everything inline, in a store of nobody', async () => {
    const { one } = await twoStores()
    await imports(one, all)
    const first = await everything(one, '?inline=true')
    await imports(api, first)
    expect(await everything(api, '?inline=true')).toBe(first)
    expect(attributesIn(first).some(({ offering_external_ref }) => offering_external_ref)).toBe(false)
  })

  test('whatever is changed in between', async () => {
    const { one, other } = await twoStores()
    await imports(one, all)
    const find = async (path: string) => (await one.read<RecordLike[]>(`/subscriptions/${path}`))[0]?.id ?? ''
    const box = await find('products?filter=eq(external_ref,box)')
    const put = async (path: string, type: string, attributes: object) =>
      expect((await one.put(`/subscriptions/${path}`, { data: { type, attributes } })).status).toBe(200)
    await put(`products/${box}`, 'subscription_product', {
      external_ref: 'renamed',
      price: { GBP: { amount: 1 } },
    })
    await put(`plans/${await find('plans?filter=eq(external_ref,yearly)')}`, 'subscription_plan', {
      external_ref: null,
    })
    const paused = await find('subscriptions?filter=eq(external_ref,s-1)')
    await one.post(`/subscriptions/subscriptions/${paused}/states`, aState('pause'))
    const first = await everything(one)
    expect(attributesIn(first)).toContainEqual(
      expect.objectContaining({ external_ref: 'mixed', products: ['renamed', 'org-box'] }),
    )
    await imports(other, first)
    expect(await everything(other)).toBe(first)
  })
})

interface RecordLike {
  readonly id: string
}

describe('An export', () => {
  test('names what is held by its external_ref, and writes the rest inline', async () => {
    const { one } = await twoStores()
    await imports(one, all)
    const [coffee, mixed] = attributesIn(await exported(one, 'offerings'))
    expect(coffee).toEqual({
      external_ref: 'coffee',
      name: 'Coffee, monthly',
      products: ['box', aProduct({ external_ref: 'box', name: 'Within', price }).data.attributes],
      plans: ['yearly', 'monthly', aPlan({ name: 'Nameless' }).data.attributes],
      features: ['library', aFeature({ name: 'Within' }).data.attributes],
    })
    expect(mixed).toEqual({
      external_ref: 'mixed',
      name: 'Coffee, monthly',
      products: ['box', 'org-box'],
      plans: ['org-plan'],
    })
    const subscriptions = attributesIn(await exported(one, 'subscriptions'))
    expect(subscriptions[0]).toMatchObject({
      offering_external_ref: 'coffee',
      selected_plan: 'monthly',
      payment_authority: stripe,
    })
    expect(subscriptions[2]).toMatchObject({
      offering_external_ref: 'org-offering',
      selected_plan: 'org-plan',
    })
    expect(subscriptions[3]?.plans).toEqual([
      aPlan().data.attributes,
      { ...aPlan().data.attributes, meta: { selected: true } },
    ])
  })

  test('names nothing that would lead elsewhere', async () => {
    const { organization, one } = await twoStores()
    const [orgBox] = await organization.read<RecordLike[]>('/subscriptions/products')
    const elsewhere = await one.add(aProduct({ external_ref: 'elsewhere' }))
    const byId = await one.add(aProduct({ external_ref: elsewhere.id, name: 'Named like an id' }))
    await one.add(
      anOffering({
        products: [orgBox?.id, byId.id, elsewhere.id],
        plans: ['org-plan'],
      }),
    )
    // From here on, "org-box" and "org-plan" lead to the store's own.
    await one.add(aProduct({ external_ref: 'org-box' }))
    const [offering] = attributesIn(await exported(one, 'offerings'))
    expect(offering?.products).toEqual([
      { ...aProduct({ external_ref: 'org-box', price }).data.attributes },
      { name: 'Named like an id', external_ref: elsewhere.id },
      'elsewhere',
    ])
    expect(offering?.plans).toEqual(['org-plan'])
  })

  test('names no offering whose plan it could not select, or that has no price for it', async () => {
    const plans = [aPlan({ external_ref: 'a' }), aPlan({ external_ref: 'b' })]
    await imports(api, file(aProduct({ external_ref: 'p', price }), ...plans))
    const offering = await api.add(anOffering({ external_ref: 'coffee', products: ['p'], plans: ['a', 'b'] }))
    await api.add(aSubscription({ selected_plan: 'b' }))
    const [before] = attributesIn(await exported(api, 'subscriptions'))
    expect(before).toMatchObject({ offering_external_ref: 'coffee', selected_plan: 'b' })

    const held = `/subscriptions/offerings/${offering.id}`
    const [product] = await api.read<RecordLike[]>(`${held}/products`)
    const priced = (change: object) =>
      api.put(`${held}/products/${product?.id}`, {
        data: { type: 'subscription_offering_product', attributes: { price: change } },
      })
    expect((await priced({ EUR: null })).status).toBe(200)
    const [unpriced] = attributesIn(await exported(api, 'subscriptions'))
    expect(unpriced).toMatchObject({ offering: { external_ref: 'coffee' }, products: [{ price }] })

    await priced(price)
    expect(attributesIn(await exported(api, 'subscriptions'))).toEqual([before])
    const [, plan] = (await api.read<RecordLike[]>(`${held}/plans`)).toReversed()
    expect((await api.delete(`${held}/plans/${plan?.id}`)).status).toBe(204)
    expect(attributesIn(await exported(api, 'subscriptions'))[0]?.plans).toEqual([
      plans[0]?.data.attributes,
      { ...plans[1]?.data.attributes, meta: { selected: true } },
    ])
  })

  test('has only the caller’s own, the oldest first, past every offset, as the filter says', async () => {
    const { organization, one } = await twoStores()
    await imports(
      one,
      times(2500, (number) => aProduct({ external_ref: `p-${number}`, name: `Number ${number}` })),
    )
    const names = attributesIn(await exported(one, 'products?page[limit]=1&page[offset]=5')).map(
      ({ name }) => name,
    )
    expect(names).toEqual(Array.from({ length: 2500 }, (_, number) => `Number ${number}`))
    const some = attributesIn(await exported(one, 'products?filter=like(name,*99)'))
    expect(some).toHaveLength(25)
    expect(attributesIn(await exported(organization, 'products'))).toHaveLength(1)
    expect(await exported(one, 'plans')).toBe('')
  })

  test('has each record as a whole, however it changes meanwhile', async () => {
    const long = Array.from(
      { length: 100 },
      (_, n) => aProduct({ name: `Product ${n}`, description: 'd'.repeat(1000) }).data.attributes,
    )
    const lineOf = (n: number, name: string, products: readonly unknown[]) =>
      anOffering({ external_ref: `o-${n}`, name, products })
    await imports(
      api,
      times(200, (n) => lineOf(n, 'Before', long)),
    )
    const response = await fetch(new URL('/subscriptions/offerings', api.url), {
      headers: { authorization: `Bearer ${api.key}`, accept: 'application/jsonl' },
    })
    const reader = response.body?.getReader()
    const decoder = new TextDecoder()
    let text = decoder.decode((await reader?.read())?.value, { stream: true })
    // The rows of all are read by now, and what the last ones hold is not.
    const changed = times(100, (n) => lineOf(199 - n, 'After', [{ name: 'Another' }]))
    await api.import(changed, { onConflict: 'update' })
    const { id } =
      (await api.read<{ id: string }[]>('/subscriptions/offerings?filter=eq(external_ref,o-150)'))[0] ?? {}
    await api.delete(`/subscriptions/offerings/${id}`)
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true }
      if (done) break
      text += decoder.decode(value, { stream: true })
    }
    const found = attributesIn(text)
    const mixed = found.filter(
      ({ name, products }) => ((products ?? []) as unknown[]).length !== (name === 'Before' ? 100 : 1),
    )
    expect(mixed.map(({ external_ref }) => external_ref)).toEqual([])
    expect(found.at(-1)).toMatchObject({ external_ref: 'o-199', name: 'After' })
    expect(found.map(({ external_ref }) => external_ref)).not.toContain('o-150')
    expect(found).toHaveLength(199)
  })

  test('is the same for application/x-ndjson, and without a body for HEAD', async () => {
    await imports(api, file(aProduct()))
    const ask = (method: string, accept: string) =>
      fetch(new URL('/v2/subscriptions/products', api.url), {
        method,
        headers: { authorization: `Bearer ${api.key}`, accept },
      })
    expect(await (await ask('GET', 'application/x-ndjson')).text()).toBe(file(aProduct()))
    const head = await ask('HEAD', 'application/jsonl')
    expect([head.status, await head.text()]).toEqual([200, ''])
  })

  test('of a filter or a form that there is not: 400', async () => {
    const headers = { accept: 'application/jsonl' }
    const bad = await api.request('/subscriptions/products?filter=eq(nothing,1)', { headers })
    expect(bad.status).toBe(400)
    expectError(
      await api.request('/subscriptions/products?inline=perhaps', { headers }),
      400,
      'Validation Error',
      'inline: inline must be one of false, true',
    )
  })

  test('of thousands of copies, of long ones too, is whole', async () => {
    const long = (number: number) =>
      aProduct({ name: `Number ${number}`, description: 'é'.repeat(450) }).data.attributes
    const wide = (name: string, count: number): RecordLine =>
      anOffering({ name, products: Array.from({ length: count }, (_, number) => long(number)) })
    const lines = file(
      wide('One', 900),
      anOffering({ name: 'Two' }),
      wide('Three', 400),
      anOffering({ name: 'Four' }),
    )
    await imports(api, lines)
    expect(await exported(api, 'offerings')).toBe(lines)
  })
})
