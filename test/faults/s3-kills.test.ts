import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Api } from '../support/api.js'
import { aProduct, file, times } from '../support/builders.js'
import { held, whileHolding } from '../support/holding.js'
import { formEnd, importFile, multipart } from '../support/multipart.js'
import { apiOf, overS3 } from '../support/over-s3.js'
import { answerOn, closed, openSocket, openUpload } from '../support/sockets.js'
import { hasSwift } from '../support/swift.js'
import { clockOff } from './harness/start-faults.js'

const PRODUCTS = 60_000
const DAY_MS = 24 * 3_600_000

const products = (prefix: string) => times(PRODUCTS, (n) => aProduct({ external_ref: `${prefix}-${n}` }))
const long = `${'g'.repeat(999_999)}\n`.repeat(20) + file(aProduct())

describe.skipIf(!hasSwift)('Processes that share a bucket', () => {
  const { service, uploads, another } = overS3({ RETENTION_DAYS: '1' })

  const importedBy = async (id: string): Promise<number> => {
    const { rows } = await service.pool.query(
      "select imported::int from import_counts where import_id = $1 and type = 'subscription_product'",
      [id],
    )
    return rows[0].imported
  }

  /** Each record exactly once, by the counts and by the rows. */
  async function expectExact(api: Api, id: string, prefix: string): Promise<void> {
    const { attributes, meta } = await api.finished(id)
    expect(attributes.status).toBe('success')
    expect([meta.records.imported.subscription_product, meta.errors]).toEqual([PRODUCTS, 0])
    const { rows } = await service.pool.query(
      "select count(*)::int as rows, count(distinct external_ref)::int as refs from products where external_ref like $1 || '-%'",
      [prefix],
    )
    expect(rows).toEqual([{ rows: PRODUCTS, refs: PRODUCTS }])
  }

  test('the one that received a file is killed for good: another imports it, and answers for it', async () => {
    const receiver = await another()
    const store = await service.addStore()
    await whileHolding(service, store, 'held', async () => {
      const first = await store.at(receiver.url).create(held())
      const { id } = await store.at(receiver.url).create(file(aProduct(), 'garbage'))
      await receiver.kill()
      expect((await store.find(id)).attributes.status).toBe('pending')
      await service.pool.query('update imports set lease_expires_at = now() where id = $1', [first.id])
    })
    const all = await store.read<{ id: string }[]>('/subscriptions/imports')
    for (const { id } of all) expect((await store.finished(id)).attributes.status).toBe('success')
    const [last] = all
    expect((await store.get(`/subscriptions/imports/${last?.id}/rejected`)).body).toBe('garbage\n')
  })

  test('the one that works is killed for good: another goes on within the lease, exactly', async () => {
    const store = await service.addStore()
    // Only the other one can claim it then.
    await service.server.stop()
    const worker = await another()
    const { id } = await store.at(worker.url).create(products('worked'))
    await expect.poll(() => importedBy(id), { interval: 2 }).toBeGreaterThan(0)
    await worker.kill()
    expect(await importedBy(id)).toBeLessThan(PRODUCTS)
    await service.restart()
    await expectExact(store.at(service.server.url), id, 'worked')
  })

  /** Runs a process until it has looked for what is old in the bucket. */
  async function sweep(environment?: Readonly<Record<string, string>>): Promise<void> {
    const process = await another(environment)
    const listed =
      /^intake_s3_request_duration_seconds_count\{action="ListMultipartUploads",outcome="done"\} \d/m
    await expect.poll(async () => (await apiOf(process).get('/metrics')).body).toMatch(listed)
    // It ends what it has begun.
    await process.stop()
  }

  /** The same, two days later by the clock of S3. */
  async function sweepLater(): Promise<void> {
    await uploads.swift.kill()
    await uploads.swift.start(2 * DAY_MS)
    await sweep()
    await uploads.swift.kill()
    await uploads.swift.start()
    await expect.poll(async () => (await service.api.get('/readyz')).status).toBe(200)
  }

  test('one is killed while it receives: no import, and what is left goes when nothing came for a day', async () => {
    const { whole } = await uploads.files()
    const receiver = await another()
    const form = multipart([importFile(long)], '')
    const socket = openUpload(apiOf(receiver), '', `content-length: ${form.length + formEnd.length}`)
    socket.write(form)
    await expect.poll(async () => (await uploads.files()).incoming.length).toBeGreaterThan(0)
    await receiver.kill()
    await closed(socket)
    const { incoming } = await uploads.files()
    // To a process with a wrong clock, what another one is just receiving would look old.
    await sweep(clockOff(2 * DAY_MS))
    // The server may have stored a part since.
    expect(await uploads.files()).toEqual({ whole, incoming: expect.arrayContaining(incoming) })
    await sweepLater()
    expect(await uploads.files()).toEqual({ whole, incoming: [] })
  })

  test('a file that no import names stays for a day, then goes', async () => {
    const store = await service.addStore()
    const { id } = await store.import(file(aProduct(), 'garbage'))
    const kept = await store.import(file(aProduct(), 'garbage'))
    await service.pool.query('delete from imports where id = $1', [id])
    await sweep(clockOff(2 * DAY_MS))
    expect((await uploads.files()).whole).toContain(id)
    await sweepLater()
    expect((await uploads.files()).whole).not.toContain(id)
    expect((await store.get(`/subscriptions/imports/${kept.id}/rejected`)).body).toBe('garbage\n')
  })

  test('the S3 server is killed in mid-upload: 503, no import, and the same file is taken when it is back', async () => {
    const store = await service.addStore()
    const form = multipart([importFile(long)])
    const half = Math.floor(form.length / 2)
    const socket = openUpload(store, '', `connection: close\r\ncontent-length: ${form.length}`)
    const answer = answerOn(socket)
    socket.write(form.subarray(0, half))
    await expect.poll(async () => (await uploads.files()).incoming.length).toBeGreaterThan(0)
    await uploads.swift.kill()
    socket.write(form.subarray(half))
    expect((await answer).status).toBe(503)
    expect((await store.get('/subscriptions/imports')).body.meta.results.total).toBe(0)
    await uploads.swift.start()
    await expect.poll(async () => (await store.get('/readyz')).status).toBe(200)
    const { id, meta } = await store.import(long)
    expect(meta.records.imported.subscription_product).toBe(1)
    expect((await uploads.files()).whole).toContain(id)
  })

  test('the S3 server is killed in mid-import: the import waits, and goes on exactly', async () => {
    const store = await service.addStore()
    // Of several reads.
    const { id } = await store.create(long.repeat(2) + products('waited'))
    await uploads.swift.kill()
    await sleep(300)
    expect((await store.find(id)).attributes.status).not.toBe('failed')
    await uploads.swift.start()
    const { attributes, meta } = await store.finished(id)
    expect(attributes.status).toBe('success')
    expect([meta.records.imported.subscription_product, meta.errors]).toEqual([PRODUCTS + 2, 40])
  })

  test('the S3 server is killed while rejected lines are read: the response breaks off, and can be repeated', async () => {
    const store = await service.addStore()
    const { id } = await store.import(long)
    const path = `/subscriptions/imports/${id}/rejected`
    const socket = openSocket(store.url)
    socket.write(`GET ${path} HTTP/1.1\r\nhost: intake\r\nauthorization: Bearer ${store.key}\r\n\r\n`)
    await new Promise((resolve) => socket.once('readable', resolve))
    await uploads.swift.kill()
    const { body } = await answerOn(socket)
    // Without the chunk that ends it.
    expect(body.endsWith('\r\n0\r\n\r\n')).toBe(false)
    expect((await store.get(path)).status).toBe(503)
    await uploads.swift.start()
    await expect.poll(async () => (await store.get('/readyz')).status).toBe(200)
    expect((await store.get(path)).body).toHaveLength(20_000_000)
  })
})
