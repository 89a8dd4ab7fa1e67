import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import type { Api } from '../../support/api.js'
import { aProduct, file } from '../../support/builders.js'
import { expectError } from '../../support/errors.js'
import { importFile, multipart, partHead } from '../../support/multipart.js'
import { testService } from '../../support/service.js'
import { answerOn, openUpload } from '../../support/sockets.js'

const MAX_UPLOADS = 3
const MAX_WAITING_IMPORTS = 2

const service = testService({
  MAX_UPLOADS: String(MAX_UPLOADS),
  MAX_WAITING_IMPORTS: String(MAX_WAITING_IMPORTS),
})

const line = file(aProduct())
const form = multipart([importFile(line)])
const begun = partHead(importFile('')) + line

/** Starts uploads, and waits until the service has received something of each. */
async function begin(api: Api, count: number, body = begun, length = 1_000_000): Promise<Socket[]> {
  const before = (await service.uploads()).length
  const sockets = Array.from({ length: count }, () =>
    openUpload(api, body, `content-length: ${length}\r\nconnection: close`),
  )
  await expect.poll(async () => (await service.uploads()).length).toBe(before + count)
  return sockets
}

describe('More uploads at once than MAX_UPLOADS', () => {
  test('are 429 with Retry-After before their body is read, for every owner; and room is made by those that end', async () => {
    const store = await service.addStore()
    const other = await service.addStore()
    const before = await service.uploads()
    const sockets = await begin(store, MAX_UPLOADS)
    for (const api of [store, other]) {
      const answer = await api.upload(line)
      expectError(answer, 429, 'Too Many Requests', /\b3 uploads at once\b/)
      expect(answer.headers.get('retry-after')).toBe('5')
    }
    expect((await store.postForm(form, { path: '/v2/subscriptions/imports' })).status).toBe(429)
    // No byte of this body was sent.
    const waiting = openUpload(store, '', 'content-length: 1000000\r\nconnection: close')
    expect((await answerOn(waiting)).status).toBe(429)
    expect((await store.get('/subscriptions/products')).status).toBe(200)
    for (const socket of sockets) socket.destroy()
    await expect.poll(() => service.uploads()).toEqual(before)
    expect((await store.import(line)).attributes.status).toBe('success')
  })

  test('are counted correctly after uploads that ended in any way', async () => {
    const store = await service.addStore()
    for (let round = 0; round < MAX_UPLOADS + 1; round += 1) {
      expect((await store.postForm(Buffer.from('garbage'))).status).toBe(400)
      expect((await store.postForm(form, { type: 'text/plain' })).status).toBe(415)
      for (const socket of await begin(store, 1)) socket.resetAndDestroy()
      await store.import(line)
    }
    await expect.poll(async () => (await store.upload(line)).status).toBe(201)
  })
})

test('A client that goes away before its upload is read takes no room', async () => {
  const store = await service.addStore()
  await store.import(line)
  const client = await service.pool.connect()
  try {
    await client.query('begin')
    await client.query('lock table imports in access exclusive mode')
    const sockets = Array.from({ length: MAX_UPLOADS }, () =>
      openUpload(store, begun, 'content-length: 1000000'),
    )
    const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
                     and query ~ 'offset'`
    await expect.poll(async () => (await service.pool.query(waiting)).rowCount).toBe(MAX_UPLOADS)
    for (const socket of sockets) socket.destroy()
    // By now the service has noticed: this request came later.
    expect((await store.get('/v2/settings')).status).toBe(200)
  } finally {
    await client.query('rollback')
    client.release()
  }
  await expect.poll(async () => (await store.upload(line)).status).toBe(201)
})

test.each<[string, (socket: Socket) => void]>([
  ['closes its side', (socket) => socket.end()],
  ['closes', (socket) => socket.destroy()],
  ['resets', (socket) => socket.resetAndDestroy()],
])('A client that sends everything and %s while its key is looked up takes no room', async (_, leave) => {
  const store = await service.addStore()
  const client = await service.pool.connect()
  try {
    await client.query('begin')
    await client.query('lock table credentials in access exclusive mode')
    const sockets = Array.from({ length: MAX_UPLOADS }, () =>
      openUpload(store, form.toString(), `content-length: ${form.length}`),
    )
    const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
                     and query ~ 'credentials'`
    await expect.poll(async () => (await service.pool.query(waiting)).rowCount).toBeGreaterThan(0)
    for (const socket of sockets) leave(socket)
    // By now the service has heard of it: this request came after.
    expect((await fetch(new URL('/healthz', store.url))).status).toBe(200)
  } finally {
    await client.query('rollback')
    client.release()
  }
  const upload = async () => (await (await service.addStore()).upload(line)).status
  await expect.poll(upload, { timeout: 20_000 }).toBe(201)
})

describe('An owner with MAX_WAITING_IMPORTS imports that wait', () => {
  /**
   * Runs `work` while no job makes progress: an owner's first import waits for the table, and its others for
   * that one.
   */
  async function whileNothingRuns(work: () => Promise<void>): Promise<void> {
    const client = await service.pool.connect()
    try {
      await client.query('begin')
      await client.query('lock table products in access exclusive mode')
      await work()
    } finally {
      await client.query('rollback')
      client.release()
    }
  }

  const pending = async (api: Api): Promise<number> =>
    (await api.get('/subscriptions/imports?filter=eq(status,pending)')).body.meta.results.total

  test('is answered 409, and nothing is left; another owner is not; and later there is room again', async () => {
    const store = await service.addStore()
    const other = await service.addStore()
    await whileNothingRuns(async () => {
      const { id } = await store.create(line)
      await store.waitFor(id, 'started')
      for (let index = 0; index < MAX_WAITING_IMPORTS; index += 1) await store.create(line)
      const before = await service.uploads()
      for (const content of [line, '']) {
        expectError(await store.upload(content), 409, 'Write Conflict', /^2 imports are already waiting/)
      }
      expect(await service.uploads()).toEqual(before)
      expect((await other.upload(line)).status).toBe(201)
    })
    await expect.poll(() => pending(store)).toBe(0)
    expect((await store.import(line)).attributes.status).toBe('success')
  })

  test('has no room for a retry either, until one of them has ended', async () => {
    const store = await service.addStore()
    let canceled = ''
    const retry = () => store.post(`/subscriptions/imports/${canceled}/retry`, {})
    await whileNothingRuns(async () => {
      const { id } = await store.create(line)
      await store.waitFor(id, 'started')
      ;({ id: canceled } = await store.create(line))
      expect((await store.post(`/subscriptions/imports/${canceled}/cancel`, {})).status).toBe(200)
      for (let index = 0; index < MAX_WAITING_IMPORTS; index += 1) await store.create(line)
      expectError(await retry(), 409, 'Write Conflict', /^2 imports are already waiting/)
      expect((await store.find(canceled)).attributes.status).toBe('failed')
      expect(await pending(store)).toBe(MAX_WAITING_IMPORTS)
    })
    await expect.poll(() => pending(store)).toBe(0)
    expect((await retry()).status).toBe(200)
    expect((await store.finished(canceled)).attributes.status).toBe('success')
  })

  test('never has more, even if uploads that started with room end at the same time', async () => {
    const store = await service.addStore()
    await whileNothingRuns(async () => {
      const { id } = await store.create(line)
      await store.waitFor(id, 'started')
      await store.create(line)
      const whole = form.toString()
      const half = whole.slice(0, -10)
      const before = (await service.uploads()).length
      const sockets = await begin(store, MAX_UPLOADS, half, whole.length)
      const answers = sockets.map((socket) => {
        socket.write(whole.slice(-10))
        return answerOn(socket)
      })
      const statuses = (await Promise.all(answers)).map(({ status }) => status)
      expect(statuses.sort()).toEqual([201, ...Array(MAX_UPLOADS - 1).fill(409)])
      expect(await pending(store)).toBe(MAX_WAITING_IMPORTS)
      expect(await service.uploads()).toHaveLength(before + 1)
    })
  })
})
