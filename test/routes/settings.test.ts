import { describe, expect, test } from 'vitest'
import { expectError, expectErrors } from '../support/errors.js'
import { insertProducts, ownerIdOf } from '../support/rows.js'
import { testService } from '../support/service.js'

const service = testService()

const settings = (page_length: unknown) => ({ data: { type: 'settings', page_length } })

describe('GET /v2/settings', () => {
  test('returns the page length, 25 unless set', async () => {
    const store = await service.addStore()
    const { status, body } = await store.get('/v2/settings')
    expect(status).toBe(200)
    expect(body).toEqual(settings(25))
  })
})

describe('PUT /v2/settings', () => {
  test.each([1, 2, 100])('sets the page length to %i, from the next request on', async (pageLength) => {
    const store = await service.addStore()
    await insertProducts(service.pool, await ownerIdOf(service.pool, store), 1, 101)
    const { status, body } = await store.put('/v2/settings', settings(pageLength))
    expect(status).toBe(200)
    expect(body).toEqual(settings(pageLength))
    expect((await store.get('/v2/settings')).body).toEqual(settings(pageLength))
    for (const query of ['', '?page[limit]=0']) {
      const list = (await store.get(`/subscriptions/products${query}`)).body
      expect(list.data).toHaveLength(pageLength)
      expect(list.meta.page.limit).toBe(pageLength)
    }
    expect((await store.get('/subscriptions/products?page[limit]=7')).body.data).toHaveLength(7)
  })

  test.each([0, 101, -1, 1.5, '25', null, undefined, [25]])(
    'refuses %j with 400 and keeps what was',
    async (pageLength) => {
      const store = await service.addStore()
      await store.put('/v2/settings', settings(7))
      const answer = await store.put('/v2/settings', settings(pageLength))
      expectErrors(answer, 400, [{ title: 'Validation Error', detail: /^data\.page_length: / }])
      expect((await store.get('/v2/settings')).body).toEqual(settings(7))
    },
  )

  test.each([
    ['another type', { data: { type: 'setting', page_length: 5 } }, /^data\.type: /],
    ['no type', { data: { page_length: 5 } }, /^data\.type: "data\.type" is required$/],
    ['no data', {}, /^data: "data" is required$/],
    ['a list', [], /^the value must be an object$/],
  ])('refuses %s with 400', async (_, body, detail) => {
    expectError(await service.api.put('/v2/settings', body), 400, 'Validation Error', detail)
  })

  test.each([
    ['unparsable JSON', '{', 'application/json', 400, 'Bad Request'],
    ['an empty body', '', 'application/json', 400, 'Validation Error'],
    [
      'another media type',
      'page_length=5',
      'application/x-www-form-urlencoded',
      415,
      'Unsupported Media Type',
    ],
    ['a body over the limit', `"${'x'.repeat(2 ** 21)}"`, 'application/json', 413, 'Content Too Large'],
  ])('answers %s with its status', async (_, body, type, status, title) => {
    const answer = await service.api.request('/v2/settings', {
      method: 'PUT',
      headers: { 'content-type': type },
      body,
    })
    expectError(answer, status, title, /./)
  })

  test("sets only the caller's page length, not another store's or the organization's", async () => {
    const { id, api: organization } = await service.addOrganization()
    const [one, other] = [await service.addStore(id), await service.addStore(id)]
    await organization.put('/v2/settings', settings(11))
    await one.put('/v2/settings', settings(12))
    expect((await organization.get('/v2/settings')).body).toEqual(settings(11))
    expect((await one.get('/v2/settings')).body).toEqual(settings(12))
    expect((await other.get('/v2/settings')).body).toEqual(settings(25))
    expect((await other.get('/subscriptions/imports')).body.meta.page.limit).toBe(25)
  })
})
