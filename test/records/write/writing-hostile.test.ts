import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Api } from '../../support/api.js'
import { anOffering, anOfferingAlone, aPlan, aProduct } from '../../support/builders.js'
import { expectError } from '../../support/errors.js'
import { testService } from '../../support/service.js'

const service = testService()
let api: Api
beforeEach(async () => {
  api = await service.addStore()
})

const send = (path: string, method: string, body: unknown, type = 'application/json') =>
  api.request(path, {
    method,
    headers: { 'content-type': type },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })

const created = async (path: string, body: unknown): Promise<string> => {
  const answer = await send(path, 'POST', body)
  expect(answer.status).toBe(201)
  return answer.body.data.id
}

const offeringOf = (product: string, plan: string) =>
  created('/subscriptions/offerings/build', {
    data: { name: 'An offering', products: [product], plans: [plan] },
  })

describe('A list of ids', () => {
  const anEmptyOffering = () => created('/subscriptions/offerings', anOfferingAlone())
  const listed = async (path: string): Promise<number> => (await api.get(path)).body.meta.results.total

  test('with 1,000 that lead nowhere gets a problem for each', async () => {
    const products = Array.from({ length: 1000 }, () => randomUUID())
    const path = `/subscriptions/offerings/${await anEmptyOffering()}/products/attach`
    const answer = await send(path, 'POST', { data: { products } })
    expect(answer.status).toBe(400)
    expect(answer.body.errors).toHaveLength(1000)
    expect(answer.body.errors[0].meta.missing_ids).toEqual(products)
  })

  test.each([
    ['POST', 'attach'],
    ['PUT', 'replace'],
  ] as const)('with more than 1,000 is one problem, whatever they are: %s %s', async (method, end) => {
    const path = `/subscriptions/offerings/${await anEmptyOffering()}/products`
    for (const element of [randomUUID(), 1]) {
      const answer = await send(`${path}/${end}`, method, {
        data: { products: Array(20_000).fill(element) },
      })
      expectError(
        answer,
        400,
        'Validation Error',
        'data.products: products must not have more than 1000 elements',
      )
    }
    expect(await listed(path)).toBe(0)
  })

  test('may fill an offering up to 1,000 products, including inline ones, and no further', async () => {
    const within = Array(997).fill(aProduct().data.attributes)
    const path = `/subscriptions/offerings/${(await api.add(anOffering({ products: within }))).id}/products`
    const ids: string[] = []
    for (let n = 0; n < 4; n += 1) ids.push(await created('/subscriptions/products', aProduct()))
    const attach = (products: string[]) => send(`${path}/attach`, 'POST', { data: { products } })
    expectError(
      await attach(ids),
      400,
      'Validation Error',
      'data.products: products must not have more than 1000 elements, and the offering has 997 already',
    )
    expect(await listed(path)).toBe(997)
    expect((await attach(ids.slice(1))).body.data).toHaveLength(3)
    expect(await listed(path)).toBe(1000)
    expect((await attach(ids.slice(0, 1))).status).toBe(400)
    const { status, body } = await send(`${path}/replace`, 'PUT', { data: { products: ids } })
    expect([status, body.data.length]).toEqual([200, 4])
  })

  test('holds only ids: an external_ref that looks like one leads nowhere, and what is held stays', async () => {
    const ref = randomUUID()
    const product = await created('/subscriptions/products', aProduct({ external_ref: ref }))
    const offering = await offeringOf(product, await created('/subscriptions/plans', aPlan()))
    const before = (await api.get(`/subscriptions/offerings/${offering}/products`)).body.data
    for (const [method, end] of [
      ['POST', 'attach'],
      ['PUT', 'replace'],
    ] as const) {
      const path = `/subscriptions/offerings/${offering}/products/${end}`
      const answer = await send(path, method, { data: { products: [ref] } })
      expect(answer.status).toBe(400)
      expect(answer.body.errors[0].meta.missing_ids).toEqual([ref])
    }
    expect((await api.get(`/subscriptions/offerings/${offering}/products`)).body.data).toEqual(before)
  })
})

describe('An odd body', () => {
  test.each([{ toString: 1 }, ['x'], 5, null])('has an invalid id: %j is 400', async (id) => {
    const product = await created('/subscriptions/products', aProduct())
    const body = { data: { type: 'subscription_product', id, attributes: {} } }
    expect((await send(`/subscriptions/products/${product}`, 'PUT', body)).status).toBe(400)
  })

  const deep = (value: string): string => `${'[{"a":\n'.repeat(40_000)}${value}${'}]'.repeat(40_000)}`
  const product = (attribute: string): string =>
    `\n{"data":{"type":"subscription_product","attributes":{"name":"Coffee",${attribute}}}}\n`

  test('nested 80,000 levels deep is fine where nobody reads it, and wrong elsewhere', async () => {
    await created('/subscriptions/products', product(`"x":${deep('{"b":[1,"]}"]}')},"sku":"[[["`))
    const answer = await send('/subscriptions/products', 'POST', product(`"sku":${deep('1')}`))
    expectError(answer, 400, 'Validation Error', 'data.attributes.sku: sku must be a text')
  })

  test.each([
    ['opened', '[{"a":'.repeat(80_000)],
    ['without a value in its depths', product(`"x":${deep('')}`)],
    ['closed once too often', `${product(`"x":${deep('1')}`)}]`],
  ])('that is nested deep and %s is 400', async (_, body) => {
    const answer = await send('/subscriptions/products', 'POST', body)
    expectError(answer, 400, 'Bad Request', 'The body is not valid JSON.')
  })

  test.each([
    'text/plain',
    'multipart/form-data; boundary=x',
    'application/xml',
    'application/x-www-form-urlencoded',
  ])('of the type %s is 415', async (type) => {
    for (const path of ['products', 'offerings/build']) {
      expect((await send(`/subscriptions/${path}`, 'POST', 'a=b', type)).status).toBe(415)
    }
  })
})

test('A deleted product of an organization names no offering of a store that the organization does not see', async () => {
  const { id, api: organization } = await service.addOrganization()
  api = organization
  const product = await created('/subscriptions/products', aProduct())
  api = await service.addStore(id)
  const offering = await offeringOf(product, await created('/subscriptions/plans', aPlan()))
  const answer = await organization.request(`/subscriptions/products/${product}`, { method: 'DELETE' })
  expect(answer.status).toBe(409)
  expect(JSON.stringify(answer.body)).not.toContain(offering)
  expect(answer.body.errors[0].detail).toContain('one of your stores')
})

test('A price beyond the safe integers is left out, and the others stay', async () => {
  const max = Number.MAX_SAFE_INTEGER
  const price = { USD: { amount: max }, EUR: { amount: 100 } }
  const products = [aProduct({ price }).data.attributes, aProduct({ price }).data.attributes]
  const offering = await created('/subscriptions/offerings/build', {
    data: { name: 'An offering', products, plans: [aPlan().data.attributes] },
  })
  const { body } = await api.get(`/subscriptions/offerings/${offering}/plans`)
  expect(body.data[0].meta.price).toEqual({ EUR: { amount: 200 } })
})
