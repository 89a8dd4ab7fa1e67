import { describe, expect, test } from 'vitest'
import type { Api } from '../support/api.js'
import { aProduct, file } from '../support/builders.js'
import { held, whileHolding } from '../support/holding.js'
import { apiOf, overS3 } from '../support/over-s3.js'
import type { RelayState } from '../support/relay.js'
import { hasSwift } from '../support/swift.js'

const STATES: readonly RelayState[] = ['refusing', 'resetting', 'silent']

const readiness = async (api: Api) => (await api.get('/readyz')).status

describe.skipIf(!hasSwift).each(STATES)('An S3 server that is away: %s', (state) => {
  const { service, uploads, another } = overS3()

  test('uploads are 503, imports wait and go on, the rest is answered, and the service says that it is not ready', async () => {
    const store = await service.addStore()
    const { id: done } = await store.import(file(aProduct(), 'garbage'))
    const { whole } = await uploads.files()
    let waiting = ''
    await whileHolding(service, store, 'held', async () => {
      await store.create(held())
      waiting = (await store.create(file(aProduct(), 'garbage'))).id
      await uploads.network.be(state)
    })
    // What is silent from now on is waited for; once it counts as away, it is not.
    if (state === 'silent') await expect.poll(() => readiness(store)).toBe(503)
    const { status, body } = await store.upload(file(aProduct()))
    expect([status, body.errors[0].status]).toEqual([503, '503'])
    await expect.poll(() => readiness(store)).toBe(503)
    if (state !== 'silent') {
      expect((await store.get(`/subscriptions/imports/${done}/rejected`)).status).toBe(503)
    }
    for (const list of ['products', 'imports']) {
      expect((await store.get(`/subscriptions/${list}`)).status).toBe(200)
    }
    expect((await store.find(waiting)).attributes.status).not.toBe('failed')
    await uploads.network.be('open')
    const { attributes, meta } = await store.finished(waiting)
    expect([attributes.status, meta.records.imported.subscription_product]).toEqual(['success', 1])
    await expect.poll(() => readiness(store)).toBe(200)
    expect((await store.get(`/subscriptions/imports/${done}/rejected`)).body).toBe('garbage\n')
    const { whole: after, incoming } = await uploads.files()
    // Beside these two, the one that found out what is held.
    expect([after.length, incoming]).toEqual([whole.length + 3, []])
  })

  test('a start waits for it, says so, and answers meanwhile', async () => {
    await uploads.network.be(state)
    const process = await another()
    const store = (await service.addStore()).at(process.url)
    expect(await readiness(store)).toBe(503)
    await uploads.network.be('open')
    await expect.poll(() => readiness(store)).toBe(200)
    expect(process.stderr()).toContain('the uploads are away; waiting')
    const { attributes } = await apiOf(process).import(file(aProduct()))
    expect(attributes.status).toBe('success')
    expect(await process.stop()).toBe(0)
  })
})
