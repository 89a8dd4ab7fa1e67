import { readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { createWebhook } from '../../src/webhooks/webhooks.js'
import type { Api } from '../support/api.js'
import { aProduct, file, times } from '../support/builders.js'
import { held, whileHolding } from '../support/holding.js'
import { overS3 } from '../support/over-s3.js'
import { startReceiver } from '../support/receiver.js'
import { ownerIdOf } from '../support/rows.js'
import type { ServeProcess } from '../support/service.js'
import { hasSwift } from '../support/swift.js'

const PRODUCTS = 200

/** A file of so many good products and one that is rejected. */
const products = (count = PRODUCTS) => times(count, () => aProduct()) + file(aProduct({ name: 'No' }))

describe.runIf(hasSwift)('Processes over S3', () => {
  const { service, another, anotherWorker } = overS3({ ALLOW_PRIVATE_WEBHOOKS: 'true' })

  /** The data directory that each process was started with is what it claims imports by. */
  const idOf = async ({ process }: ServeProcess) => {
    const environment = await readFile(`/proc/${process.pid}/environ`, 'utf8')
    const [, folder = ''] = /(?:^|\0)DATA_DIR=([^\0]+)/.exec(environment) ?? []
    return (await readFile(join(folder, 'id'), 'utf8')).trim()
  }

  /** Waits until an import is being run; returns the process that runs it. */
  async function workerOf(id: string, processes: readonly ServeProcess[]): Promise<ServeProcess> {
    const ids = await Promise.all(processes.map(idOf))
    for (;;) {
      const { rows } = await service.pool.query<{ claimed_by: string }>(
        "select claimed_by from imports where id = $1 and status = 'started' and lease_expires_at is not null",
        [id],
      )
      const found = processes[ids.indexOf(rows[0]?.claimed_by ?? '')]
      if (found) return found
      await sleep(20)
    }
  }

  const total = async (api: Api) => (await api.get('/subscriptions/products')).body.meta.results.total

  test('run the twenty imports of an owner in order, exactly, whoever received them, though one is killed for good', async () => {
    const processes = [service.server, await another(), await another()]
    const store = await service.addStore()
    const ids: string[] = []
    const post = async (content: string) => {
      const server = processes[ids.length % processes.length] as ServeProcess
      ids.push((await store.at(server.url).create(content)).id)
    }
    let killed: ServeProcess | undefined
    await whileHolding(service, store, 'held', async () => {
      for (let n = 0; n < 5; n += 1) await post(products())
      await post(held() + products())
      for (let n = 6; n < 12; n += 1) await post(products())
      killed = await workerOf(ids[5] ?? '', processes)
      await killed.kill()
    })
    processes.splice(processes.indexOf(killed as ServeProcess), 1)
    const [first] = processes as [ServeProcess]
    while (ids.length < 20) await post(products())
    const api = store.at(first.url)
    const ended = []
    for (const id of ids) ended.push(await api.finished(id))
    for (const [index, { attributes, meta }] of ended.entries()) {
      expect(attributes.status).toBe('success')
      expect(meta.records.imported.subscription_product).toBe(PRODUCTS + (index === 5 ? 1 : 0))
      expect(meta.errors).toBe(1)
      const next = ended[index + 1]?.meta.timestamps
      if (next) expect((meta.timestamps.finished_at ?? '') <= (next.started_at ?? '')).toBe(true)
    }
    // What was imported to find out what is held is one more.
    expect(await total(api)).toBe(20 * PRODUCTS + 2)
    if (killed === service.server) await service.restart()
    for (const one of processes) if (one !== service.server) await one.stop()
  })

  test('give a job back when they are stopped, and another one goes on at once', async () => {
    const processes = [service.server, await another()]
    const store = await service.addStore()
    const { id } = await store.create(products(60_000))
    const worker = await workerOf(id, processes)
    const api = store.at((processes.find((one) => one !== worker) as ServeProcess).url)
    await expect
      .poll(async () => (await api.find(id)).meta.records.imported.subscription_product)
      .toBeGreaterThan(0)
    const own = await idOf(worker)
    expect(await worker.stop()).toBe(0)
    // Its lease is not waited for.
    const { rows } = await service.pool.query(
      `select status = 'success' or lease_expires_at is null or claimed_by <> $2 as is_given_back, attempts
       from imports where id = $1`,
      [id, own],
    )
    expect(rows).toEqual([{ is_given_back: true, attempts: 0 }])
    const { meta } = await api.finished(id)
    expect(meta.records.imported.subscription_product).toBe(60_000)
    expect(await total(api)).toBe(60_000)
    for (const one of processes) if (one !== worker && one !== service.server) await one.stop()
    if (worker === service.server) await service.restart()
  })

  test('answer everything about an import that they neither received nor ran', async () => {
    const asked = await another({ API_ONLY: 'true' })
    const store = await service.addStore()
    const api = store.at(asked.url)
    const { id } = await store.import(products(3))
    const path = `/subscriptions/imports/${id}`
    expect((await api.get(`${path}/rejected`)).body).toBe(file(aProduct({ name: 'No' })))
    const csv = await api.request(`${path}/errors`, { headers: { accept: 'text/csv' } })
    expect(csv.body.trim().split('\n')).toHaveLength(2)
    const exported = await api.request('/subscriptions/products', {
      headers: { accept: 'application/jsonl' },
    })
    expect(exported.body.trim().split('\n')).toHaveLength(3)
    const rehearsal = await store.import(products(2), { dryRun: true })
    const run = await api.request(`/subscriptions/imports/${rehearsal.id}/run`, { method: 'POST' })
    expect((await api.finished(run.body.data.id)).meta.records.imported.subscription_product).toBe(2)
    await whileHolding(service, store, 'held', async () => {
      const waiting = await store.create(held())
      await workerOf(waiting.id, [service.server])
      const of = (what: string) =>
        api.request(`/subscriptions/imports/${waiting.id}/${what}`, { method: 'POST' })
      expect((await of('cancel')).status).toBe(200)
      expect((await of('retry')).status).toBe(200)
    })
    const undone = await api.request(`${path}/undo`, { method: 'POST' })
    expect(undone.status).toBe(202)
    await expect.poll(async () => (await api.find(id)).meta.undo?.status, { timeout: 20_000 }).toBe('success')
    const own = await idOf(asked)
    const { rowCount } = await service.pool.query('select from imports where claimed_by = $1', [own])
    expect(rowCount).toBe(0)
    // Rates are counted together.
    const counted = await service.pool.query("select from rate_limits where key like 'request:%'")
    expect(counted.rowCount).toBeGreaterThan(0)
    await asked.stop()
  })

  test('are one console: a session that one opens is known to the others', async () => {
    const asked = await another({ API_ONLY: 'true' })
    const { headers, body } = await service.api.request('/v2/session', { method: 'POST' })
    const cookie = (headers.get('set-cookie') ?? '').split(';')[0] ?? ''
    // Behind a proxy, both have one address, which the cookie is for.
    const { host } = new URL(service.server.url)
    const answer = await new Promise<string>((resolve, reject) => {
      const sent = { host, cookie, 'x-intake-credential': body.data.id }
      request(new URL('/v2/me', asked.url), { headers: sent }, (response) => resolve(text(response)))
        .on('error', reject)
        .end()
    })
    expect(JSON.parse(answer).data).toEqual((await service.api.get('/v2/me')).body.data)
    await asked.stop()
  })

  test('tell a webhook of each end once', async () => {
    const other = await another()
    const store = await service.addStore()
    const receiver = await startReceiver()
    await createWebhook(service.pool, await ownerIdOf(service.pool, store), receiver.url)
    const ids: string[] = []
    for (let n = 0; n < 8; n += 1) {
      const server = n % 2 === 0 ? service.server : other
      ids.push((await store.at(server.url).create(file(aProduct()))).id)
    }
    for (const id of ids) await store.finished(id)
    const waiting = "select from webhook_deliveries where status = 'waiting'"
    await expect.poll(async () => (await service.pool.query(waiting)).rowCount, { timeout: 20_000 }).toBe(0)
    expect(receiver.messages.map(({ body }) => body.data.id).sort()).toEqual(ids)
    await receiver.stop()
    await other.stop()
  })

  test('work only, with a single line on stdout, health and metrics, and 404 for everything else', async () => {
    const worker = await anotherWorker()
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      expect((await fetch(new URL(path, worker.url))).status).toBe(200)
    }
    for (const path of ['/', '/openapi.json', '/docs', '/v2/subscriptions/imports', '/oauth/access_token']) {
      const answer = await fetch(new URL(path, worker.url))
      expect(answer.status).toBe(404)
      expect(JSON.stringify(await answer.json())).toMatch(/This process only works on imports/)
    }
    await service.server.stop()
    const api = await another({ API_ONLY: 'true' })
    const store = service.api.at(api.url)
    const { id } = await store.import(products(2))
    await workerIs(id, worker)
    const metrics = await (await fetch(new URL('/metrics', api.url))).text()
    expect(metrics).toMatch(/^intake_workers 1$/m)
    await worker.stop()
    await api.stop()
    await service.restart()
  })

  async function workerIs(id: string, worker: ServeProcess): Promise<void> {
    const { rows } = await service.pool.query('select claimed_by from imports where id = $1', [id])
    expect(rows).toEqual([{ claimed_by: await idOf(worker) }])
  }
})
