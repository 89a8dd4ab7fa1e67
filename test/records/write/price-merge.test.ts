import { beforeAll, describe, expect, test } from 'vitest'
import { type Api, listOf, type RecordResource } from '../../support/api.js'
import { anOfferingAlone, aPlan, aProduct, type RecordLine } from '../../support/builders.js'
import { testService } from '../../support/service.js'

const service = testService()
let store: Api
beforeAll(async () => {
  store = service.api
})

const price = { USD: { amount: 100, includes_tax: false }, EUR: { amount: 90 } }

describe('A PUT merges a map of prices', () => {
  const merged = async (line: RecordLine, name: string, change: unknown) => {
    const { id, type } = await store.add(line)
    const { status, body } = await store.put(`${listOf(type)}/${id}`, {
      data: { type, attributes: { [name]: change } },
    })
    expect(body.errors).toBeUndefined()
    expect(status).toBe(200)
    expect(await store.read(`${listOf(type)}/${id}`)).toEqual(body.data)
    return body.data.attributes[name]
  }

  test.each<[string, unknown, unknown]>([
    ['a currency that is new is added', { GBP: { amount: 80 } }, { ...price, GBP: { amount: 80 } }],
    [
      'a currency that is there is changed, and the others stay',
      { EUR: { amount: 1 } },
      { ...price, EUR: { amount: 1 } },
    ],
    [
      'what an amount does not say stays, too',
      { USD: { amount: 1 } },
      { ...price, USD: { amount: 1, includes_tax: false } },
    ],
    ['what is null within goes', { USD: { includes_tax: null } }, { ...price, USD: { amount: 100 } }],
    ['a currency that is null goes', { USD: null }, { EUR: price.EUR }],
    ['a currency that is null and was not there changes nothing', { GBP: null }, price],
    ['an empty map changes nothing', {}, price],
    ['null clears all of them', null, undefined],
  ])('%s', async (_what, change, expected) => {
    expect(await merged(aProduct({ price }), 'price', change)).toEqual(expected)
    expect(await merged(aPlan({ fixed_price: price }), 'fixed_price', change)).toEqual(expected)
  })

  test('of a record that has none, and of one whose last currency is removed', async () => {
    expect(await merged(aProduct(), 'price', { USD: null, EUR: { amount: 1 } })).toEqual({
      EUR: { amount: 1 },
    })
    expect(await merged(aProduct({ price: { USD: { amount: 1 } } }), 'price', { USD: null })).toEqual({})
  })

  test('and reports what is wrong with the result', async () => {
    const { id, type } = await store.add(aProduct({ price }))
    const { status, body } = await store.put(`/subscriptions/products/${id}`, {
      data: { type, attributes: { price: { GBP: { includes_tax: true }, EUR: { amount: null } } } },
    })
    expect(status).toBe(400)
    expect(body.errors.map(({ detail }: { detail: string }) => detail).sort()).toEqual([
      'data.attributes.price.EUR.amount: price.EUR.amount must be a whole number, not null',
      'data.attributes.price.GBP.amount: "price.GBP.amount" is required',
    ])
  })

  test.each([
    ['products', aProduct({ price }), 'price', 'subscription_offering_product'],
    ['plans', aPlan({ fixed_price: price }), 'fixed_price', 'subscription_offering_plan'],
  ])('of one of the %s of an offering, and leaves its original alone', async (list, line, name, type) => {
    const original = await store.add(line)
    const offering = await store.add(anOfferingAlone())
    const path = `/subscriptions/offerings/${offering.id}/${list}`
    await store.post(`${path}/attach`, { data: { [list]: [original.id] } })
    const [snapshot] = await store.read<RecordResource[]>(path)
    const change = { [name]: { USD: { amount: 1 }, EUR: null } }
    const { body } = await store.put(`${path}/${snapshot?.id}`, { data: { type, attributes: change } })
    expect(body.data.attributes[name]).toEqual({ USD: { amount: 1, includes_tax: false } })
    expect(await store.read(`${listOf(original.type)}/${original.id}`)).toEqual(original)
  })
})
