import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { createCredential, type NewCredential, revokeCredential } from '../../src/tenants/keys.js'
import { type Answer, Api } from '../support/api.js'
import { expectError, expectErrors } from '../support/errors.js'
import { ownerIdOf } from '../support/rows.js'
import { testService } from '../support/service.js'

const TOKENS = '/oauth/access_token'
const TITLE = 'Unable to validate access token'
const SECONDS = 3600

const service = testService()
let store: Api
let storeId: string
let client: NewCredential
beforeAll(async () => {
  store = await service.addStore()
  storeId = await ownerIdOf(service.pool, store)
  client = await aClient()
})

async function aClient(ownerId = storeId): Promise<NewCredential> {
  const made = await createCredential(service.pool, ownerId, 'client', undefined)
  if (!made) throw new Error('the name is taken')
  return made
}

/** Posts without a token, as somebody does who has none yet. */
const post = (
  body: string,
  type = 'application/x-www-form-urlencoded',
  authorization = '',
): Promise<Answer> =>
  new Api(service.server.url, '').request(TOKENS, {
    method: 'POST',
    headers: { authorization, 'content-type': type },
    body,
  })

type Fields = Readonly<Record<string, string>>

const signIn = (fields: Fields = {}, { id, secret } = client): Promise<Answer> =>
  post(
    new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: id,
      client_secret: secret,
      ...fields,
    }).toString(),
  )

async function tokenOf(of: NewCredential): Promise<Api> {
  return new Api(service.server.url, (await signIn({}, of)).body.access_token)
}

const status = async (api: Api) => (await api.get('/subscriptions/products')).status

/** Waits until the service has noticed: seconds, says contract 2. */
const becomes = (api: Api, expected: number) =>
  expect.poll(() => status(api), { timeout: 10_000 }).toBe(expected)

describe('POST /oauth/access_token', () => {
  test('answers the flat object, which nobody may keep', async () => {
    const before = Math.floor(Date.now() / 1000)
    const { status, headers, body } = await signIn()
    expect(body).toEqual({
      access_token: expect.stringMatching(/^[\x21-\x7e]{40,}$/),
      token_type: 'Bearer',
      expires_in: SECONDS,
      expires: expect.any(Number),
      identifier: 'client_credentials',
    })
    expect(body.expires).toBeGreaterThanOrEqual(before + SECONDS)
    expect(body.expires).toBeLessThanOrEqual(Date.now() / 1000 + SECONDS)
    expect(headers.get('content-type')).toMatch(/^application\/json\b/)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(status).toBe(200)
  })

  test('makes another token each time, and all of them work', async () => {
    const [first, second] = [await tokenOf(client), await tokenOf(client)]
    expect(first.key).not.toBe(second.key)
    expect([await status(first), await status(second)]).toEqual([200, 200])
  })

  test('ignores fields that it does not know, and parameters of the media type', async () => {
    expect((await signIn({ scope: 'everything', __proto__x: '1' })).status).toBe(200)
    const form = `grant_type=client_credentials&client_id=${client.id}&client_secret=${client.secret}`
    expect((await post(form, 'Application/X-WWW-Form-Urlencoded; charset=UTF-8')).status).toBe(200)
  })

  test.each<[string, Fields]>([
    ['a wrong secret', { client_secret: 'wrong' }],
    ['an unknown client', { client_id: randomUUID() }],
    ['a client id that is no id', { client_id: 'shop\0' }],
    ['an empty client id', { client_id: '' }],
    ['an empty secret', { client_secret: '' }],
    ['a secret of other characters', { client_secret: 'ü\0\u{1F600}' }],
  ])('answers 401 to %s', async (_, fields) => {
    const answer = await signIn(fields)
    expectError(answer, 401, TITLE)
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer\b/)
  })

  describe('takes the client by HTTP Basic (RFC 6749, 2.3.1)', () => {
    const encoded = (text: string) => new URLSearchParams([['', text]]).toString().slice(1)
    const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
    const signInBy = (authorization: string, form = 'grant_type=client_credentials') =>
      post(form, undefined, authorization)
    const right = () => basic(`${encoded(client.id)}:${encoded(client.secret)}`)

    test('in place of the form', async () => {
      const { status: answered, body } = await signInBy(right())
      expect(answered).toBe(200)
      expect(await status(new Api(service.server.url, body.access_token))).toBe(200)
    })

    test('each form-encoded, whatever it has in it, with the scheme in any case', async () => {
      const escaped = (text: string) => text.replace(/./g, (one) => `%${one.charCodeAt(0).toString(16)}`)
      const text = basic(`${escaped(client.id)}:${escaped(client.secret)}`)
      expect((await signInBy(text.replace('Basic', 'bASIC'))).status).toBe(200)
    })

    test('with its id in the form, too, if that is the same', async () => {
      const form = 'grant_type=client_credentials&client_id='
      expect((await signInBy(right(), `${form}${client.id}`)).status).toBe(200)
      const detail = 'client_id: client_id must be the same as in HTTP Basic'
      expectError(await signInBy(right(), `${form}${randomUUID()}`), 400, 'Validation Error', detail)
    })

    test('but not in both ways at once: 400', async () => {
      const form = `grant_type=client_credentials&client_id=${client.id}&client_secret=${client.secret}`
      const detail = 'client_secret: client_secret must not be sent together with HTTP Basic'
      expectError(await signInBy(right(), form), 400, 'Validation Error', detail)
    })

    test('and still asks for the grant', async () => {
      expectError(
        await signInBy(right(), ''),
        400,
        'Validation Error',
        'grant_type: "grant_type" is required',
      )
    })

    test.each([
      ['a wrong secret', () => basic(`${client.id}:wrong`)],
      ['an unknown client', () => basic(`${randomUUID()}:${client.secret}`)],
      ['no secret', () => basic(`${client.id}:`)],
      ['no colon', () => basic(client.id)],
      ['an escape that is none', () => basic(`${client.id}:%zz`)],
      ['nothing', () => 'Basic'],
      ['what is no base64', () => 'Basic ☕'.replace('☕', '\xff')],
    ])('%s is 401, and asks for Basic', async (_, authorization) => {
      const answer = await signInBy(authorization())
      expectError(answer, 401, TITLE)
      expect(answer.headers.get('www-authenticate')).toBe('Basic realm="intake", charset="UTF-8"')
    })
  })

  test("answers 401 to an API key's id and secret: it is no client", async () => {
    const key = await createCredential(service.pool, storeId, 'api_key', 'no client')
    expectError(await signIn({}, key), 401, TITLE)
  })

  test.each(['implicit', 'password', 'authorization_code', 'CLIENT_CREDENTIALS', ''])(
    'answers 400 to grant_type "%s"',
    async (grant_type) => {
      const detail = 'grant_type: grant_type must be one of client_credentials'
      expectError(await signIn({ grant_type }), 400, 'Validation Error', detail)
    },
  )

  test('answers 400 with one entry for each field that is missing', async () => {
    const missing = (name: string) => ({
      title: 'Validation Error',
      detail: `${name}: "${name}" is required`,
    })
    for (const body of ['', 'scope=x']) {
      expectErrors(await post(body), 400, [
        missing('grant_type'),
        missing('client_id'),
        missing('client_secret'),
      ])
    }
  })

  test('answers 400 to a field that is there twice (RFC 6749, 3.2)', async () => {
    const form = `grant_type=client_credentials&client_id=${client.id}&client_id=b&client_secret=c`
    expectError(await post(form), 400, 'Validation Error', /^client_id: client_id must be a text/)
  })

  test.each(['application/json', 'text/plain', 'multipart/form-data; boundary=x'])(
    'takes forms only: %s is 415',
    async (type) => {
      const answer = await post('{"grant_type":"client_credentials"}', type)
      expectError(answer, 415, 'Unsupported Media Type', /application\/x-www-form-urlencoded/)
    },
  )

  test('answers 413 to a form that no client sends', async () => {
    expectError(await signIn({ scope: 'x'.repeat(100_000) }), 413, 'Content Too Large', /./)
  })

  test('answers 405 to other methods', async () => {
    const answer = await service.api.get(TOKENS)
    expectError(answer, 405, 'Method Not Allowed', 'This resource takes POST.')
    expect(answer.headers.get('allow')).toBe('POST')
  })
})

describe('An access token', () => {
  test("is its client's owner: a store's or an organization's", async () => {
    await store.import('{"data":{"type":"subscription_product","attributes":{"name":"of the store"}}}\n')
    const { id, api } = await service.addOrganization()
    const names = async (one: Api) =>
      (await one.get('/subscriptions/products')).body.data.map(
        ({ attributes }: { attributes: { name: string } }) => attributes.name,
      )
    expect(await names(await tokenOf(client))).toEqual(['of the store'])
    const ofOrganization = await tokenOf(await aClient(id))
    await ofOrganization.import('{"data":{"type":"subscription_product","attributes":{"name":"shared"}}}\n')
    expect(await names(ofOrganization)).toEqual(['shared'])
    expect(await names(api)).toEqual(['shared'])
  })

  test('works under both prefixes, for settings and for uploads', async () => {
    const api = await tokenOf(client)
    for (const path of ['/subscriptions/imports', '/v2/subscriptions/imports', '/v2/settings']) {
      expect((await api.get(path)).status).toBe(200)
    }
    expect((await api.upload('{"data":{"type":"subscription_product"}}\n')).status).toBe(201)
  })

  test('is 401 from the moment that it expires, though it was used just before', async () => {
    const api = await tokenOf(client)
    const { rows } = await service.pool.query(
      `update access_tokens set expires_at = clock_timestamp() + interval '1 s'
       where secret_hash = sha256(convert_to($1, 'UTF8')) returning (extract(epoch from expires_at) * 1000)::float8 as at`,
      [api.key],
    )
    let last = 200
    while (last === 200) {
      const asked = Date.now()
      last = await status(api)
      if (last === 200) expect(asked).toBeLessThan(rows[0].at + 50)
    }
    expect(last).toBe(401)
    expectError(await api.get('/subscriptions/products'), 401, TITLE)
  })

  test('ends with its client: revoked, neither old tokens nor new ones work', async () => {
    const own = await aClient()
    const api = await tokenOf(own)
    expect(await status(api)).toBe(200)
    await revokeCredential(service.pool, own.id)
    expectError(await signIn({}, own), 401, TITLE)
    await becomes(api, 401)
    expect(await status(await tokenOf(client))).toBe(200)
  })

  test("a client's secret is no token", async () => {
    expect(await status(new Api(service.server.url, client.secret))).toBe(401)
  })

  test('expired ones are deleted as new ones are made', async () => {
    await service.pool.query(
      `insert into access_tokens (secret_hash, credential_id, expires_at)
       select sha256(convert_to(n::text, 'UTF8')), $1, now() - interval '1 s' from generate_series(1, 50) n`,
      [client.id],
    )
    const expired = async () =>
      (await service.pool.query('select from access_tokens where expires_at < now()')).rowCount
    const before = (await expired()) ?? 0
    await signIn()
    expect(await expired()).toBeLessThan(before)
    while ((await expired()) !== 0) await signIn()
  })
})

test('Secrets and access tokens are stored hashed', async () => {
  const { key } = await tokenOf(client)
  for (const table of ['credentials', 'access_tokens']) {
    const { rows } = await service.pool.query(`select t::text as row, secret_hash from ${table} t`)
    expect(rows).not.toHaveLength(0)
    for (const { row, secret_hash } of rows) {
      for (const secret of [key, client.secret]) {
        expect(row).not.toContain(secret)
        expect(row).not.toContain(Buffer.from(secret).toString('hex'))
      }
      expect(secret_hash).toHaveLength(32)
    }
  }
})

test('Nothing of a sign-in is logged', async () => {
  expect((await signIn()).status).toBe(200)
  expect(service.server.stderr()).not.toContain(client.secret)
})
