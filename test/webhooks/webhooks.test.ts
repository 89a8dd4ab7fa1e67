import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Webhook } from 'standardwebhooks'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { addTestDelivery, type Delivery, listDeliveries } from '../../src/webhooks/deliveries.js'
import { createWebhook, removeWebhook } from '../../src/webhooks/webhooks.js'
import { aProduct, file, times } from '../support/builders.js'
import { type ReceivedMessage, type Receiver, startReceiver, withStatus } from '../support/receiver.js'
import { ownerIdOf } from '../support/rows.js'
import { serve, startTestService, type TestService, temporaryFolder } from '../support/service.js'

let service: TestService
let receiver: Receiver

/** One service for the tests, which leave no webhook behind; a receiver for each. */
const startService = (environment: Record<string, string>) => async () => {
  service = await startTestService(environment)
}
const stopService = () => service.stop()
beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(async () => {
  await service.pool.query('delete from webhooks')
  await receiver.stop()
})

const addWebhook = async (url = receiver.url, of = service.api) =>
  createWebhook(service.pool, await ownerIdOf(service.pool, of), url)
const deliveries = (status?: Delivery['status']) => listDeliveries(service.pool, { status }, 100)

/** Waits until so many messages have come, and returns them. */
async function received(count: number): Promise<ReceivedMessage[]> {
  await expect.poll(() => receiver.messages.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(count)
  return receiver.messages
}

/** Waits until the newest delivery looks so, and returns it. */
async function delivery(expected: Partial<Delivery>): Promise<Delivery> {
  await expect.poll(async () => (await deliveries())[0], { timeout: 40_000 }).toMatchObject(expected)
  return (await deliveries())[0] as Delivery
}

/** As if the time until the next attempts had passed, leases included. */
const letTimePass = () =>
  service.pool.query("update webhook_deliveries set next_attempt_at = now() where status = 'waiting'")

const verified = (secret: string, { text, headers }: ReceivedMessage) =>
  new Webhook(secret).verify(text, headers as Record<string, string>)

const never = () => {}

describe('with ALLOW_PRIVATE_WEBHOOKS', () => {
  beforeAll(startService({ ALLOW_PRIVATE_WEBHOOKS: 'true' }))
  afterAll(stopService)

  test('an import that ended is told with what the API answers, signed', async () => {
    const { secret } = await addWebhook()
    const one = await service.api.import(file(aProduct(), 'garbage'), { externalRef: 'nightly' })
    const [message] = (await received(1)) as [ReceivedMessage]
    expect(message).toMatchObject({ method: 'POST', path: '/hook' })
    expect(message.headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': expect.stringMatching(/^intake\//),
    })
    expect(verified(secret, message)).toEqual({
      type: 'import.finished',
      timestamp: one.meta.timestamps.finished_at,
      data: one,
    })
    expect(() => verified(`whsec_${Buffer.alloc(32).toString('base64')}`, message)).toThrow()
    expect(() => verified(secret, { ...message, text: `${message.text} ` })).toThrow()
    const { id } = await delivery({
      status: 'delivered',
      attempts: 1,
      import_id: one.id,
      last_answer: '204 No Content',
      next_attempt_at: null,
    })
    expect(message.headers['webhook-id']).toBe(id)
  })

  test('so is one that failed, a rehearsal, one that was canceled, and its end after a retry', async () => {
    await addWebhook()
    const failed = await service.api.import(file(aProduct({ name: 'No' })))
    const rehearsed = await service.api.import(file(aProduct()), { dryRun: true })
    const { id } = await service.api.create(times(60_000, (n) => aProduct({ external_ref: `p-${n}` })))
    const canceled = (await service.api.request(`/subscriptions/imports/${id}/cancel`, { method: 'POST' }))
      .body.data
    const retried = await service.api.request(`/subscriptions/imports/${id}/retry`, { method: 'POST' })
    expect(retried.status).toBe(200)
    const finished = await service.api.finished(id)
    expect(canceled.meta.failure.reason).toBe('canceled')
    const told = (await received(4)).map(({ body }) => body.data)
    expect(told).toHaveLength(4)
    for (const one of [failed, rehearsed, canceled, finished]) expect(told).toContainEqual(one)
  })

  test('so is the end of an undo', async () => {
    await addWebhook()
    const { id } = await service.api.import(file(aProduct()))
    const { status } = await service.api.request(`/subscriptions/imports/${id}/undo`, { method: 'POST' })
    expect(status).toBe(202)
    const bodies = (await received(2)).map(({ body }) => body)
    const undone = await service.api.find(id)
    const { status: ended, removed, timestamps } = undone.meta.undo ?? {}
    expect([ended, removed?.subscription_product]).toEqual(['success', 1])
    expect(bodies).toContainEqual({ type: 'import.undone', timestamp: timestamps?.finished_at, data: undone })
  })

  test('an owner is told of its own imports alone, an organization as an organization', async () => {
    const organization = await service.addOrganization()
    const store = await service.addStore(organization.id)
    await addWebhook(`${receiver.url}/of-organization`, organization.api)
    await addWebhook(`${receiver.url}/of-store`, store)
    const ofStore = await store.import(file(aProduct()))
    const ofOrganization = await organization.api.import(file(aProduct()))
    await service.api.import(file(aProduct()))
    await expect.poll(async () => (await deliveries('delivered')).length).toBe(2)
    const told = receiver.messages.map(({ path, body }) => [path, body.data.id, body.data.meta.owner])
    expect(told.sort()).toEqual([
      ['/hook/of-organization', ofOrganization.id, 'organization'],
      ['/hook/of-store', ofStore.id, 'store'],
    ])
    expect(await deliveries()).toHaveLength(2)
  })

  test('what is not taken is sent again, the same but for its time, later and later', async () => {
    const { secret } = await addWebhook()
    receiver.answer = (response) => response.writeHead(503).end('closed\nfor\0 today')
    await service.api.import(file(aProduct()))
    const waits: number[] = []
    for (const attempts of [1, 2, 3]) {
      const waiting = await delivery({
        status: 'waiting',
        attempts,
        last_answer: '503 Service Unavailable: closed for today',
      })
      waits.push(Date.parse(waiting.next_attempt_at ?? '') - Date.parse(waiting.last_attempt_at ?? ''))
      if (attempts === 3) receiver.answer = withStatus(200)
      await letTimePass()
    }
    await delivery({ status: 'delivered', attempts: 4, last_answer: '200 OK' })
    const messages = await received(4)
    for (const message of messages) verified(secret, message)
    expect(new Set(messages.map(({ text }) => text)).size).toBe(1)
    expect(new Set(messages.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
    for (const [index, seconds] of [10, 30, 90].entries()) {
      expect(waits[index]).toBeGreaterThanOrEqual(seconds * 750)
      // What the attempt itself took comes on top.
      expect(waits[index]).toBeLessThan(seconds * 1250 + 5000)
    }
  })

  test('after ten attempts it is given up', async () => {
    await addWebhook()
    receiver.answer = withStatus(500)
    await service.api.import(file(aProduct()))
    await delivery({ status: 'waiting', attempts: 1 })
    await service.pool.query('update webhook_deliveries set attempts = 9')
    await letTimePass()
    await delivery({ status: 'failed', attempts: 10, next_attempt_at: null })
    await letTimePass()
    await addWebhook(`${receiver.url}/second`)
    await service.api.import(file(aProduct()))
    await received(4)
    expect(receiver.messages).toHaveLength(4)
  })

  test('a redirect is not followed', async () => {
    await addWebhook()
    receiver.answer = (response, { path }) =>
      path === '/hook' ? withStatus(307, { location: '/elsewhere' })(response) : withStatus(200)(response)
    await service.api.import(file(aProduct()))
    await delivery({ status: 'waiting', attempts: 1, last_answer: '307 Temporary Redirect' })
    expect(receiver.messages.map(({ path }) => path)).toEqual(['/hook'])
  })

  test('a receiver that never answers is given up after 15 s, and holds up no other', async () => {
    await addWebhook()
    await addWebhook(`${receiver.url}/quick`)
    receiver.answer = (response, { path }) => (path === '/hook' ? never() : withStatus(200)(response))
    for (let n = 0; n < 3; n += 1) await service.api.import(file(aProduct()))
    await expect.poll(async () => (await deliveries('delivered')).length, { timeout: 10_000 }).toBe(3)
    expect(receiver.messages.filter(({ path }) => path === '/hook')).toHaveLength(1)
    await expect
      .poll(() => deliveries('waiting'), { timeout: 40_000 })
      .toContainEqual(
        expect.objectContaining({ attempts: 1, last_answer: 'there was no answer within 15 s' }),
      )
  })

  test('of an answer without end only the beginning is read', async () => {
    await addWebhook()
    let isOpen = true
    receiver.answer = async (response) => {
      response.on('close', () => {
        isOpen = false
      })
      response.writeHead(400)
      while (isOpen) {
        response.write('no'.repeat(5000))
        await sleep(5)
      }
    }
    await service.api.import(file(aProduct()))
    await delivery({ status: 'waiting', last_answer: `400 Bad Request: ${'no'.repeat(100)}` })
    await expect.poll(() => isOpen).toBe(false)
  })

  test('an answer that would change the protocol is none', async () => {
    await addWebhook()
    receiver.answer = ({ socket }) =>
      socket?.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n')
    await service.api.import(file(aProduct()))
    await delivery({ status: 'waiting', attempts: 1, last_answer: '101 Switching Protocols' })
    receiver.answer = withStatus(204)
    await letTimePass()
    await delivery({ status: 'delivered', attempts: 2 })
  })

  test('a receiver that is away is told when it is back', async () => {
    const { port } = receiver
    const { id } = await addWebhook(`http://127.0.0.1:${port}/`)
    await receiver.stop()
    await service.api.import(file(aProduct()))
    await delivery({ status: 'waiting', last_answer: 'nothing listens there' })
    receiver = await startReceiver()
    await service.pool.query('update webhooks set url = $2 where id = $1', [id, receiver.url])
    await letTimePass()
    await delivery({ status: 'delivered', attempts: 2 })
  })

  test('after kill -9 between the end of an import and its delivery it is delivered by the next start', async () => {
    const { secret } = await addWebhook()
    receiver.answer = never
    const { id } = await service.api.import(file(aProduct()))
    await received(1)
    await service.server.kill()
    receiver.answer = withStatus(200)
    await letTimePass()
    await service.restart()
    const [first, second] = (await received(2)) as [ReceivedMessage, ReceivedMessage]
    expect(verified(secret, second)).toMatchObject({ data: { id, attributes: { status: 'success' } } })
    expect(second.headers['webhook-id']).toBe(first.headers['webhook-id'])
    await delivery({ status: 'delivered', attempts: 2 })
  })

  test('kill -9 at any moment: every import that ended is told', async () => {
    await addWebhook()
    const ids: string[] = []
    for (let round = 0; round < 5; round += 1) {
      const { id } = await service.api.create(file(aProduct()))
      ids.push(id)
      await sleep(round * 20)
      await service.restart()
    }
    for (const id of ids) await service.api.finished(id)
    await expect.poll(async () => (await deliveries()).length).toBe(5)
    await expect
      .poll(
        async () => {
          await letTimePass()
          return (await deliveries('delivered')).length
        },
        { timeout: 30_000 },
      )
      .toBe(5)
    expect(new Set(receiver.messages.map(({ body }) => body.data.id))).toEqual(new Set(ids))
  })

  test('a stop breaks a delivery off; it does not count, and is made at the next start', async () => {
    await addWebhook()
    receiver.answer = never
    await service.api.import(file(aProduct()))
    await received(1)
    expect(await service.server.stop()).toBe(0)
    receiver.answer = withStatus(200)
    await service.restart()
    await delivery({ status: 'delivered', attempts: 1 })
    expect(receiver.messages).toHaveLength(2)
  })

  test('several processes deliver each message once', async () => {
    const folder = await temporaryFolder()
    const second = await serve({
      DATABASE_URL: service.databaseUrl,
      DATA_DIR: join(folder.path, 'data'),
      ALLOW_PRIVATE_WEBHOOKS: 'true',
    })
    for (let n = 0; n < 4; n += 1) await addWebhook(`${receiver.url}/${n}`)
    for (let n = 0; n < 10; n += 1) await service.api.import(file(aProduct()))
    await expect
      .poll(async () => (await deliveries('delivered')).length, {
        timeout: 30_000,
      })
      .toBe(40)
    expect(receiver.messages).toHaveLength(40)
    expect(new Set(receiver.messages.map(({ headers }) => headers['webhook-id'])).size).toBe(40)
    await second.stop()
    await folder.remove()
  })

  test('what is removed is told no more, and what waited for it is dropped', async () => {
    const { id } = await addWebhook()
    receiver.answer = withStatus(500)
    await service.api.import(file(aProduct()))
    await delivery({ status: 'waiting', attempts: 1 })
    await removeWebhook(service.pool, id)
    expect(await deliveries()).toEqual([])
    expect((await service.api.import(file(aProduct()))).attributes.status).toBe('success')
    expect(await deliveries()).toEqual([])
    expect(receiver.messages).toHaveLength(1)
  })

  test('a webhook can be tried out without an import', async () => {
    const { id, secret } = await addWebhook()
    const made = (await addTestDelivery(service.pool, id))?.id ?? ''
    const [message] = (await received(1)) as [ReceivedMessage]
    expect(verified(secret, message)).toEqual({
      type: 'webhook.test',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      data: {},
    })
    await delivery({ id: made, status: 'delivered', import_id: null })
  })

  test('what was delivered longer ago than RETENTION_DAYS is forgotten; what waits is not', async () => {
    await addWebhook()
    await addWebhook(`${receiver.url}/closed`)
    receiver.answer = (response, { path }) => withStatus(path === '/hook' ? 200 : 500)(response)
    await service.api.import(file(aProduct()))
    await expect.poll(async () => (await deliveries()).map(({ attempts }) => attempts)).toEqual([1, 1])
    await expect.poll(async () => (await deliveries('delivered')).length).toBe(1)
    await service.pool.query(
      "update webhook_deliveries set created_at = created_at - interval '31 days', finished_at = finished_at - interval '31 days'",
    )
    await service.restart()
    await expect
      .poll(async () => (await deliveries()).map(({ status }) => status), { timeout: 20_000 })
      .toEqual(['waiting'])
  })

  test('attempts and what waits are counted', async () => {
    // A new process has counted nothing yet.
    await service.restart()
    const figures = async () =>
      String((await service.api.get('/metrics')).body)
        .split('\n')
        .filter((line) => line.startsWith('intake_webhook_'))
    const figuresOf = (delivered: number, postponed: number, waiting: number) => [
      `intake_webhook_attempts_total{outcome="delivered"} ${delivered}`,
      `intake_webhook_attempts_total{outcome="postponed"} ${postponed}`,
      'intake_webhook_attempts_total{outcome="failed"} 0',
      `intake_webhook_deliveries_waiting ${waiting}`,
    ]
    expect(await figures()).toEqual(figuresOf(0, 0, 0))
    await addWebhook()
    await addWebhook(`${receiver.url}/closed`)
    receiver.answer = (response, { path }) => withStatus(path === '/hook' ? 200 : 500)(response)
    await service.api.import(file(aProduct()))
    await expect.poll(figures, { timeout: 20_000 }).toEqual(figuresOf(1, 1, 1))
  })
})

describe('by default', () => {
  beforeAll(startService({}))
  afterAll(stopService)

  test('nothing is sent to private addresses, however they are written', async () => {
    const { port } = receiver
    const hosts = ['localhost', '127.0.0.1', '0x7f.1', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0', '[::]']
    for (const host of hosts) await addWebhook(`http://${host}:${port}/hook`)
    await service.api.import(file(aProduct()))
    await expect
      .poll(async () => (await deliveries()).filter(({ last_answer }) => last_answer !== null).length, {
        timeout: 20_000,
      })
      .toBe(hosts.length)
    for (const { status, last_answer } of await deliveries()) {
      expect(status).toBe('waiting')
      expect(last_answer).toMatch(
        / is a private address, to which nothing is sent unless ALLOW_PRIVATE_WEBHOOKS is true and/,
      )
    }
    expect(receiver.messages).toEqual([])
    await service.restart({ ALLOW_PRIVATE_WEBHOOKS: 'true' })
    await letTimePass()
    await received(hosts.length)
  })
})
