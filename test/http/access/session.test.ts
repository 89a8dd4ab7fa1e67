import { describe, expect, test } from 'vitest'
import { type Answer, Api } from '../../support/api.js'
import { expectError } from '../../support/errors.js'
import { ownerIdOf } from '../../support/rows.js'
import { testService } from '../../support/service.js'

const service = testService()

type Headers = Readonly<Record<string, string>>

/** A browser that holds one cookie, at a page of this service. */
interface Browser {
  readonly cookie: string
  /** The credential that it is signed in with. */
  readonly credential: string
  ask(path: string, init?: { method?: string; headers?: Headers; cookie?: string }): Promise<Answer>
}

const LIST = '/v2/subscriptions/imports'

async function signIn(store: Api, headers: Headers = {}): Promise<Browser> {
  const { status, headers: answered, body } = await store.request('/v2/session', { method: 'POST', headers })
  expect(status).toBe(201)
  const cookie = (answered.get('set-cookie') ?? '').split(';')[0] ?? ''
  const credential = body.data.id
  return {
    cookie,
    credential,
    async ask(path, { method = 'GET', headers = from(credential), cookie: other = cookie } = {}) {
      const response = await fetch(new URL(path, store.url), {
        method,
        headers: { cookie: other, ...headers },
      })
      const text = await response.text()
      return { status: response.status, headers: response.headers, body: text && JSON.parse(text) }
    },
  }
}

const from = (credential: string, headers: Headers = {}): Headers => ({
  'x-intake-credential': credential,
  ...headers,
})

const moveEnd = (seconds: number) =>
  service.pool.query('update sessions set expires_at = now() + make_interval(secs => $1)', [seconds])

const refused = (answer: Answer) => expectError(answer, 401, 'Unable to validate access token')

/** What a process remembers of a session is forgotten after two seconds. */
const untilRefused = (browser: Browser) =>
  expect.poll(async () => (await browser.ask(LIST)).status, { timeout: 10_000 }).toBe(401)

describe('POST /v2/session', () => {
  test('sets a cookie that scripts cannot read and other sites do not send', async () => {
    const store = await service.addStore()
    const { headers, body } = await store.request('/v2/session', { method: 'POST' })
    const port = new URL(store.url).port
    expect(headers.get('set-cookie')).toMatch(
      new RegExp(`^intake_session_${port}=[\\w-]{50,}; Path=/; HttpOnly; SameSite=Strict$`),
    )
    expect(body).toEqual((await store.get('/v2/me')).body)
  })

  test('takes a token: a session opens no other', async () => {
    const browser = await signIn(await service.addStore())
    refused(await browser.ask('/v2/session', { method: 'POST' }))
  })

  test('ends the session that the browser had before', async () => {
    const store = await service.addStore()
    const before = await signIn(store)
    await signIn(await service.addStore(), { cookie: before.cookie })
    refused(await before.ask(LIST))
  })

  test('stores the secret hashed', async () => {
    const { cookie } = await signIn(await service.addStore())
    const secret = cookie.split('=')[1] ?? ''
    const { rows } = await service.pool.query('select sessions::text as row from sessions')
    expect(rows).not.toHaveLength(0)
    for (const { row } of rows) {
      expect(row).not.toContain(secret)
      expect(row).not.toContain(Buffer.from(secret).toString('hex'))
    }
  })
})

describe('A request with the cookie', () => {
  test('is answered as one with the key', async () => {
    const store = await service.addStore()
    const browser = await signIn(store)
    expect((await browser.ask('/v2/me')).body).toEqual((await store.get('/v2/me')).body)
    expect((await browser.ask(LIST)).status).toBe(200)
  })

  test.each<[string, (browser: Browser) => Headers]>([
    ['without the header that only our pages send', () => ({})],
    ['from another site', ({ credential }) => from(credential, { 'sec-fetch-site': 'cross-site' })],
    [
      'from another port of the host',
      ({ credential }) => from(credential, { 'sec-fetch-site': 'same-site' }),
    ],
    ['from another origin', ({ credential }) => from(credential, { origin: 'http://127.0.0.1:1' })],
    ['from a page without an origin', ({ credential }) => from(credential, { origin: 'null' })],
    ['of a page that is signed in with another key', () => from('0190d5c8-3c1a-7d9e-8a51-5f2b8f6b0c11')],
  ])('is refused %s', async (_, headersOf) => {
    const browser = await signIn(await service.addStore())
    refused(await browser.ask(LIST, { headers: headersOf(browser) }))
  })

  test.each<[string, (browser: Browser) => Headers]>([
    ['asks whose the session is', () => from('*')],
    [
      'says that it has the same origin',
      ({ credential }) => from(credential, { 'sec-fetch-site': 'same-origin' }),
    ],
    ['names the origin itself', ({ credential }) => from(credential, { origin: service.server.url })],
  ])('is accepted if it %s', async (_, headersOf) => {
    const browser = await signIn(await service.addStore())
    expect((await browser.ask(LIST, { headers: headersOf(browser) })).status).toBe(200)
  })

  test('has the cookie among others', async () => {
    const browser = await signIn(await service.addStore())
    const cookie = `a=b; intake_session_1=${'x'.repeat(50)}; ${browser.cookie}; c="d"`
    expect((await browser.ask(LIST, { cookie })).status).toBe(200)
  })

  test('is made with the token if it has one, even a wrong one', async () => {
    const [store, other] = [await service.addStore(), await service.addStore()]
    const browser = await signIn(store)
    const headers = (key: string) => ({ ...from(browser.credential), authorization: `Bearer ${key}` })
    const { body } = await browser.ask('/v2/me', { headers: headers(other.key) })
    expect(body).toEqual((await other.get('/v2/me')).body)
    refused(await browser.ask('/v2/me', { headers: headers('wrong') }))
  })

  test('is refused with a key or a token in place of the session, and the session is no token', async () => {
    const store = await service.addStore()
    const browser = await signIn(store)
    const [name, secret = ''] = browser.cookie.split('=')
    refused(await browser.ask(LIST, { cookie: `${name}=${store.key}` }))
    refused(await new Api(store.url, secret).get(LIST))
  })
})

describe('A session ends', () => {
  test('an hour after it was last used, and each use moves its end on', async () => {
    const browser = await signIn(await service.addStore())
    await moveEnd(1800)
    // Not from what the process remembers.
    await expect
      .poll(async () => {
        await browser.ask(LIST)
        const { rows } = await service.pool.query(
          'select extract(epoch from expires_at - now())::int as seconds from sessions order by created_at desc limit 1',
        )
        return rows[0].seconds
      })
      .toBeGreaterThan(3500)
    await moveEnd(-1)
    await untilRefused(browser)
  })

  test('at once, everywhere, when it is signed out of', async () => {
    const store = await service.addStore()
    const browser = await signIn(store)
    const { status, headers } = await browser.ask('/v2/session', { method: 'DELETE' })
    expect(status).toBe(204)
    expect(headers.get('set-cookie')).toMatch(
      /^intake_session_\d+=; Path=\/; HttpOnly; SameSite=Strict; Max-Age=0$/,
    )
    refused(await browser.ask(LIST))
    expect((await store.get(LIST)).status).toBe(200)
  })

  test.each([
    ['is revoked', 'revoked_at = now()'],
    ['is replaced by another', "secret_hash = sha256('another')"],
  ])('when its key %s', async (_, change) => {
    const browser = await signIn(await service.addStore())
    expect((await browser.ask(LIST)).status).toBe(200)
    await service.pool.query(`update credentials set ${change} where id = $1`, [browser.credential])
    await untilRefused(browser)
  })

  test('when its store is disabled', async () => {
    const store = await service.addStore()
    const browser = await signIn(store)
    const owner = await ownerIdOf(service.pool, store)
    await service.pool.query('update owners set disabled_at = now() where id = $1', [owner])
    await untilRefused(browser)
  })

  test('with the access token that it was opened with', async () => {
    const store = await service.addStore()
    const client = await store.post('/v2/keys', { data: { type: 'key', attributes: { kind: 'client' } } })
    const { id, attributes } = client.body.data
    const form = { grant_type: 'client_credentials', client_id: id, client_secret: attributes.secret }
    const issued = await fetch(new URL('/oauth/access_token', store.url), {
      method: 'POST',
      body: new URLSearchParams(form),
    })
    const { access_token } = (await issued.json()) as { access_token: string }
    await service.pool.query(
      "update access_tokens set expires_at = now() + interval '20 minutes' where credential_id = $1",
      [id],
    )
    await signIn(new Api(store.url, access_token))
    const { rows } = await service.pool.query(
      'select extract(epoch from expires_at - now())::int as seconds from sessions where credential_id = $1',
      [id],
    )
    expect(rows[0].seconds).toBeLessThanOrEqual(1200)
  })
})

test('DELETE /v2/session with a token finds no session', async () => {
  const store = await service.addStore()
  expectError(await store.delete('/v2/session'), 404, 'Not Found', 'No session found')
})

test('Expired sessions are deleted as new ones are opened', async () => {
  const store = await service.addStore()
  await signIn(store)
  await moveEnd(-1)
  await signIn(store)
  const { rows } = await service.pool.query('select from sessions where expires_at < now()')
  expect(rows).toEqual([])
})

describe('Behind a proxy that speaks https', () => {
  const proxied = testService({ TRUSTED_PROXIES: '127.0.0.1' })
  const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'intake.example:8443' }

  test('the cookie is secure, and no other host of the domain can set it', async () => {
    const { api } = proxied
    const { headers } = await api.request('/v2/session', { method: 'POST', headers: forwarded })
    const [pair = '', ...attributes] = (headers.get('set-cookie') ?? '').split('; ')
    expect(pair).toMatch(/^__Host-intake_session_8443=/)
    expect(attributes).toEqual(['Path=/', 'HttpOnly', 'SameSite=Strict', 'Secure'])
    const ask = async (more: Headers) =>
      await fetch(new URL(LIST, api.url), {
        headers: { ...forwarded, cookie: pair, 'x-intake-credential': '*', ...more },
      })
    expect((await ask({ origin: 'https://intake.example:8443' })).status).toBe(200)
    expect((await ask({ origin: 'https://intake.example' })).status).toBe(401)
    expect((await ask({ origin: 'http://intake.example:8443' })).status).toBe(401)
  })
})
