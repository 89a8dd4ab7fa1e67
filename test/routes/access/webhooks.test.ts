import { describe, expect, test } from 'vitest'
import { expectError, expectErrors } from '../../support/errors.js'
import { startReceiver } from '../../support/receiver.js'
import { newStoreEach, testService } from '../../support/service.js'

const service = testService({ ALLOW_PRIVATE_WEBHOOKS: 'true' })
const store = newStoreEach(service)

const aWebhook = (url: unknown) => ({ data: { type: 'webhook', attributes: { url } } })

const add = async (url = 'https://shop.example/hooks') => {
  const { status, body } = await store.post('/v2/webhooks', aWebhook(url))
  expect(status).toBe(201)
  return body.data
}

describe('POST /v2/webhooks', () => {
  test('adds a webhook, and answers its secret only now', async () => {
    const made = await add('http://shop.example/hooks#part')
    expect(made).toEqual({
      id: expect.any(String),
      type: 'webhook',
      attributes: { url: 'http://shop.example/hooks', secret: expect.stringMatching(/^whsec_/) },
      meta: {
        owner: 'store',
        warnings: [expect.stringMatching(/^Over http, everybody/)],
        timestamps: { created_at: expect.any(String) },
      },
    })
    const { body } = await store.get('/v2/webhooks')
    expect(body.data).toEqual([{ ...made, attributes: { url: 'http://shop.example/hooks' } }])
  })

  test.each([
    ['what is no URL', 'shop.example', /^data\.attributes\.url: url must be whole, such as https:/],
    ['another scheme', 'ftp://shop.example', /^data\.attributes\.url: url must be whole/],
    ['a password', 'https://a:b@shop.example', /must not have a user name or a password/],
    ['a long one', `https://shop.example/${'x'.repeat(2048)}`, /must have at most 2048 characters$/],
    ['this machine', 'http://localhost:8080', /must not be a private address: only/],
    ['a private address', 'https://[::ffff:10.0.0.1]/', /must not be a private address: only/],
    ['a number', 5, /^data\.attributes\.url: /],
  ])('refuses %s', async (_, url, detail) => {
    expectErrors(await store.post('/v2/webhooks', aWebhook(url)), 400, [
      { title: 'Validation Error', detail },
    ])
  })

  test('refuses more than 100', async () => {
    const { id } = await add()
    await service.pool.query(
      `insert into webhooks (owner_id, id, url, secret)
       select owner_id, gen_random_uuid(), url, secret from webhooks, generate_series(2, 100) where id = $1`,
      [id],
    )
    const answer = await store.post('/v2/webhooks', aWebhook('https://shop.example'))
    expectError(answer, 409, 'Write Conflict', /^There are 100 webhooks already/)
  })
})

test('DELETE /v2/webhooks/{id} removes one', async () => {
  const { id } = await add()
  expect((await store.delete(`/v2/webhooks/${id}`)).status).toBe(204)
  expect((await store.get('/v2/webhooks')).body.data).toEqual([])
  expectError(await store.delete(`/v2/webhooks/${id}`), 404, 'Not Found', 'No webhook found')
})

/** As only the command line can. */
const moveTo = (id: string, url: string, isPublicOnly = false) =>
  service.pool.query('update webhooks set url = $2, is_public_only = $3 where id = $1', [
    id,
    url,
    isPublicOnly,
  ])

test('Nothing goes to a private address that the name of a webhook leads to, whatever is allowed', async () => {
  const receiver = await startReceiver()
  try {
    const { id } = await add()
    await moveTo(id, receiver.url, true)
    expect((await store.post(`/v2/webhooks/${id}/test`, undefined)).status).toBe(202)
    await expect
      .poll(async () => (await store.get(`/v2/webhooks/${id}/deliveries`)).body.data[0].attributes.answer)
      .toMatch(/is a private address/)
    expect(receiver.messages).toEqual([])
  } finally {
    await receiver.stop()
  }
})

test('A test message is delivered, and the list of deliveries says what was answered', async () => {
  const receiver = await startReceiver()
  try {
    const { id } = await add()
    await moveTo(id, receiver.url)
    const { status, body } = await store.post(`/v2/webhooks/${id}/test`, undefined)
    expect(status).toBe(202)
    expect(body.data.attributes).toEqual({ event: 'webhook.test', status: 'waiting', attempts: 0 })
    await expect
      .poll(async () => (await store.get(`/v2/webhooks/${id}/deliveries`)).body.data[0].attributes)
      .toEqual({ event: 'webhook.test', status: 'delivered', attempts: 1, answer: '204 No Content' })
  } finally {
    await receiver.stop()
  }
})

test('One test message waits at a time', async () => {
  const { id } = await add()
  await moveTo(id, 'http://127.0.0.1:9/nobody')
  expect((await store.post(`/v2/webhooks/${id}/test`, undefined)).status).toBe(202)
  const again = await store.post(`/v2/webhooks/${id}/test`, undefined)
  expectErrors(again, 409, [{ title: 'Write Conflict', detail: /waits already/, meta: { id } }])
})
