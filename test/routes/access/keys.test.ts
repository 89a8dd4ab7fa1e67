import { describe, expect, test } from 'vitest'
import { Api } from '../../support/api.js'
import { expectError, expectErrors } from '../../support/errors.js'
import { newStoreEach, testService } from '../../support/service.js'

const service = testService()
const store = newStoreEach(service)

const aKey = (attributes: Record<string, unknown> = {}) => ({ data: { type: 'key', attributes } })

const create = async (api: Api, attributes: Record<string, unknown> = {}) => {
  const { status, body } = await api.post('/v2/keys', aKey(attributes))
  expect(status).toBe(201)
  return body.data
}

/** The status of a list, asked with a key. */
const statusWith = async (key: string) => (await new Api(store.url, key).get('/v2/me')).status

describe('POST /v2/keys', () => {
  test('creates a key that works, and answers its secret only now', async () => {
    const made = await create(store, { name: 'warehouse' })
    expect(made).toEqual({
      id: expect.any(String),
      type: 'key',
      attributes: { name: 'warehouse', kind: 'api_key', secret: expect.stringMatching(/^intake_[\w-]{43}$/) },
      meta: {
        owner: 'store',
        created_by: 'test',
        is_current: false,
        timestamps: { created_at: expect.any(String) },
      },
    })
    const me = await new Api(store.url, made.attributes.secret).get('/v2/me')
    expect(me.body.data.attributes).toEqual({ name: 'warehouse' })
    const { body } = await store.get('/v2/keys')
    expect(JSON.stringify(body)).not.toContain(made.attributes.secret)
    expect(body.data[0].id).toBe(made.id)
  })

  test('creates a client, whose secret is no token', async () => {
    const { id, attributes } = await create(store, { kind: 'client' })
    expect(await statusWith(attributes.secret)).toBe(401)
    const form = { grant_type: 'client_credentials', client_id: id, client_secret: attributes.secret }
    const issued = await fetch(new URL('/oauth/access_token', store.url), {
      method: 'POST',
      body: new URLSearchParams(form),
    })
    expect(issued.status).toBe(200)
  })

  test('refuses a name that an active key has, and takes it once that is revoked', async () => {
    const { id } = await create(store, { name: 'till' })
    expectError(
      await store.post('/v2/keys', aKey({ name: 'till' })),
      409,
      'Write Conflict',
      'The name is that of another key.',
    )
    expect((await store.delete(`/v2/keys/${id}`)).status).toBe(204)
    await create(store, { name: 'till' })
  })

  test('has a name of 100 characters at most, whatever they are', async () => {
    const store = await service.addStore()
    await create(store, { name: '🫖'.repeat(100) })
    const longer = { data: { type: 'key', attributes: { name: '🫖'.repeat(101) } } }
    expect((await store.post('/v2/keys', longer)).status).toBe(400)
  })

  test.each([
    ['an empty name', { name: '' }, /^data\.attributes\.name: name must have 1 to 100 characters/],
    ['a name with a line break', { name: 'a\nb' }, /^data\.attributes\.name: name must have 1 to 100/],
    [
      'a name that looks like an id',
      { name: '0190d5c8-3c1a-7d9e-8a51-5f2b8f6b0c11' },
      /must not look like an id$/,
    ],
    ['another kind', { kind: 'password' }, /^data\.attributes\.kind: /],
  ])('refuses %s', async (_, attributes, detail) => {
    expectErrors(await store.post('/v2/keys', aKey(attributes)), 400, [{ title: 'Validation Error', detail }])
  })

  test('refuses more than 1,000', async () => {
    const [{ id }] = (await store.get('/v2/keys')).body.data
    await service.pool.query(
      `insert into credentials (id, owner_id, name, secret_hash)
       select gen_random_uuid(), owner_id, 'key ' || n, sha256(gen_random_uuid()::text::bytea)
       from credentials, generate_series(2, 1000) n where id = $1`,
      [id],
    )
    expectError(await store.post('/v2/keys', aKey()), 409, 'Write Conflict', /^There are 1000 keys already/)
  })
})

describe('GET /v2/keys', () => {
  test('lists the own ones that were not revoked, newest first, in pages', async () => {
    const [first, second] = [await create(store), await create(store)]
    const { id } = await create(store)
    await store.delete(`/v2/keys/${id}`)
    await create(await service.addStore())
    const pages = await store.pages('/v2/keys?page[limit]=2')
    const all = pages.flatMap(({ data }) => data)
    expect(all.map(({ meta }) => meta.is_current)).toEqual([false, false, true])
    expect(all.slice(0, 2).map((key) => key.id)).toEqual([second.id, first.id])
    expect(pages[0].meta.results.total).toBe(3)
  })
})

describe('DELETE /v2/keys/{id}', () => {
  test('revokes a key, from the next request on', async () => {
    const { id, attributes } = await create(store)
    expect(await statusWith(attributes.secret)).toBe(200)
    expect((await store.delete(`/v2/keys/${id}`)).status).toBe(204)
    expect(await statusWith(attributes.secret)).toBe(401)
    expectError(await store.delete(`/v2/keys/${id}`), 404, 'Not Found', 'No key found')
  })

  test('refuses the key that asks, and the one that a session was opened with', async () => {
    const [{ id }] = (await store.get('/v2/keys')).body.data
    const detail = 'The request is made with this key. Revoke it with another one.'
    const refused = { title: 'Write Conflict', detail, meta: { id } }
    expectErrors(await store.delete(`/v2/keys/${id}`), 409, [refused])
    const { headers } = await store.request('/v2/session', { method: 'POST' })
    const cookie = headers.get('set-cookie')?.split(';')[0] ?? ''
    const answer = await fetch(new URL(`/v2/keys/${id}`, store.url), {
      method: 'DELETE',
      headers: { cookie, 'x-intake-credential': id },
    })
    expect(answer.status).toBe(409)
    expect((await store.get('/v2/keys')).body.data).toHaveLength(1)
  })
})
