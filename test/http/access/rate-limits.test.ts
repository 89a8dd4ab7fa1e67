import { describe, expect, test } from 'vitest'
import { networkOf } from '../../../src/http/access/rate-limits.js'
import { createCredential } from '../../../src/tenants/keys.js'
import { type Answer, Api } from '../../support/api.js'
import { expectError } from '../../support/errors.js'
import { ownerIdOf } from '../../support/rows.js'
import { testService } from '../../support/service.js'

const LIMIT = 20

const service = testService({ RATE_LIMIT: String(LIMIT), WRONG_SECRET_LIMIT: String(LIMIT) })

const ask = (api: Api) => api.get('/subscriptions/imports')

/**
 * Sends far more requests at once than the limit until one is refused: they may not all fall into one second.
 */
async function askTooOften(...callers: readonly Api[]): Promise<Answer> {
  for (;;) {
    const asked = Array.from({ length: LIMIT * 4 }, (_, index) => callers[index % callers.length] as Api)
    const answers = await Promise.all(asked.map(ask))
    for (const { status } of answers) expect([200, 429]).toContain(status)
    const refused = answers.find(({ status }) => status === 429)
    if (refused) return refused
  }
}

const tooMany = (answer: Answer, detail: RegExp): void => {
  expectError(answer, 429, 'Too Many Requests', detail)
  expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d?$/)
}

async function token(id: string, secret: string, headers: Readonly<Record<string, string>> = {}) {
  return service.api.request('/oauth/access_token', {
    method: 'POST',
    headers: { authorization: '', ...headers },
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id: id, client_secret: secret }),
  })
}

async function aClient(api: Api): Promise<{ id: string; secret: string }> {
  const made = await createCredential(service.pool, await ownerIdOf(service.pool, api), 'client', undefined)
  if (!made) throw new Error('there is a client of this name')
  return made
}

describe('A credential that sends more requests than RATE_LIMIT', () => {
  test('is answered 429 with Retry-After, and 200 again later', async () => {
    const store = await service.addStore()
    tooMany(await askTooOften(store), /^At most 20 requests a second/)
    await expect.poll(async () => (await ask(store)).status).toBe(200)
  })

  test('is refused an upload before its body is read', async () => {
    const store = await service.addStore()
    const before = await service.uploads()
    const answers = await Promise.all(Array.from({ length: LIMIT * 4 }, () => store.upload('')))
    expect(answers.map(({ status }) => status)).toContain(429)
    expect(await service.uploads()).toEqual(before)
  })

  test('does not affect others', async () => {
    const store = await service.addStore()
    const other = await service.addStore()
    const [, ...answers] = await Promise.all([
      askTooOften(store),
      ...Array.from({ length: 5 }, () => ask(other)),
    ])
    expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(200))
  })

  test('counts as one, however many access tokens a client has', async () => {
    const store = await service.addStore()
    const { id, secret } = await aClient(store)
    const tokens = await Promise.all(Array.from({ length: 8 }, () => token(id, secret)))
    const callers = tokens.map(({ body }) => new Api(service.server.url, body.access_token))
    // If each token had its own limit, none would reach it: they are used in turn, LIMIT * 4 / 8 times each.
    tooMany(await askTooOften(...callers), /^At most 20 requests a second/)
  })

  test('is also limited in the tokens that it gets', async () => {
    const { id, secret } = await aClient(await service.addStore())
    for (;;) {
      const answers = await Promise.all(Array.from({ length: LIMIT * 4 }, () => token(id, secret)))
      const refused = answers.find(({ status }) => status !== 200)
      if (!refused) continue
      tooMany(refused, /^At most 20 requests a second/)
      break
    }
  })

  test.each(['/healthz', '/readyz', '/openapi.json'])('does not count %s', async (path) => {
    const answers = await Promise.all(Array.from({ length: LIMIT * 4 }, () => service.api.get(path)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  })
})

describe('An address from which more wrong secrets came than WRONG_SECRET_LIMIT', () => {
  const wrong = (headers: Readonly<Record<string, string>> = {}, key = 'intake_wrong') =>
    service.api.request('/subscriptions/imports', { headers: { authorization: `Bearer ${key}`, ...headers } })

  test('is refused, except for callers known before', async () => {
    await service.restart()
    const known = await service.addStore()
    const unknown = await service.addStore()
    const client = await aClient(known)
    expect((await ask(known)).status).toBe(200)
    for (let index = 0; index < LIMIT; index += 1) {
      // A request without a secret cannot be a guess.
      await wrong({ authorization: '' })
      const answer =
        index % 2 === 0 ? await wrong({}, `intake_wrong_${index}`) : await token(client.id, 'wrong')
      expectError(answer, 401, 'Unable to validate access token')
    }
    for (const answer of [
      await wrong(),
      await wrong({ 'x-forwarded-for': '192.0.2.1' }),
      await ask(unknown),
      await token(client.id, 'wrong'),
      await token(client.id, client.secret),
    ]) {
      tooMany(answer, /^Too many wrong secrets came from this address\.$/)
    }
    expectError(await wrong({ authorization: '' }), 401, 'Unable to validate access token')
    expect((await ask(known)).status).toBe(200)
    const settings = { data: { type: 'settings', page_length: 7 } }
    expect((await known.put('/v2/settings', settings)).status).toBe(200)
    expect((await known.get('/v2/settings')).body).toEqual(settings)
  })

  test('is that of the client if a trusted proxy names it', async () => {
    await service.restart({ TRUSTED_PROXIES: '127.0.0.1,10.0.0.0/8' })
    const from = (address: string) => ({ 'x-forwarded-for': `198.51.100.7, ${address}` })
    for (let index = 0; index < LIMIT; index += 1) await wrong(from('192.0.2.1'))
    expect((await wrong(from('192.0.2.1'))).status).toBe(429)
    expect((await wrong(from('192.0.2.1, 10.1.2.3'))).status).toBe(429)
    expect((await wrong(from('192.0.2.2'))).status).toBe(401)
    expect((await wrong()).status).toBe(401)
    const page = await service.api.request('/subscriptions/imports', {
      headers: { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'intake.example' },
    })
    expect(page.body.links.first).toMatch(/^https:\/\/intake\.example\/subscriptions\/imports\?/)
    await service.restart()
  })

  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::9', '2001:db8:1:2'],
    ['2001:db8::9', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
  ])('%s is counted as %s', (address, network) => {
    expect(networkOf(address)).toBe(network)
  })
})
