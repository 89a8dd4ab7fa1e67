import { describe, expect, test } from 'vitest'
import { Api } from '../../support/api.js'
import { expectError } from '../../support/errors.js'
import { apiRequests, pathFor } from '../../support/routes.js'
import { testService } from '../../support/service.js'

const service = testService()

const asking = (headers: Readonly<Record<string, string>>, path = '/subscriptions/imports', method = 'GET') =>
  new Api(service.server.url, '').request(path, { method, headers: { authorization: '', ...headers } })

describe('Every API route takes a bearer token', () => {
  test.each(apiRequests)(
    '$method $path answers 401 without one, whatever else is asked',
    async ({ method, path }) => {
      const answer = await asking({}, pathFor(path, 'no-uuid'), method)
      expectError(answer, 401, 'Unable to validate access token')
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer\b/)
    },
  )

  test.each([
    ['an unknown key', () => 'Bearer intake_unknown'],
    ['no key after the scheme', () => 'Bearer '],
    ['the scheme missing', () => service.api.key],
    ['another scheme', () => `Basic ${Buffer.from(`${service.api.key}:`).toString('base64')}`],
    ['a key and more', () => `Bearer ${service.api.key} more`],
    ['the beginning of a key', () => `Bearer ${service.api.key.slice(0, -1)}`],
    ['a key in other case', () => `Bearer ${service.api.key.toUpperCase()}`],
    ['a very long token', () => `Bearer ${'x'.repeat(10_000)}`],
  ])('%s is 401', async (_, authorization) => {
    expectError(await asking({ authorization: authorization() }), 401, 'Unable to validate access token')
  })

  test('a key in the query is not a token', async () => {
    const path = `/subscriptions/imports?access_token=${service.api.key}`
    expectError(await asking({}, path), 401, 'Unable to validate access token')
  })

  test('the scheme is case-insensitive, as RFC 9110 says', async () => {
    expect((await asking({ authorization: `bearer ${service.api.key}` })).status).toBe(200)
  })

  test('a key works from the moment it is created, and a revoked one stops working', async () => {
    const store = await service.addStore()
    expect((await store.get('/subscriptions/imports')).status).toBe(200)
    await service.pool.query(
      "update credentials set revoked_at = now() where secret_hash = sha256(convert_to($1, 'UTF8'))",
      [store.key],
    )
    await expect
      .poll(async () => (await store.get('/subscriptions/imports')).status, { timeout: 10_000 })
      .toBe(401)
  })
})

test('Secrets are stored hashed', async () => {
  const { rows } = await service.pool.query('select credentials::text as row, secret_hash from credentials')
  expect(rows).not.toHaveLength(0)
  for (const { row, secret_hash } of rows) {
    expect(row).not.toContain(service.api.key)
    expect(row).not.toContain(Buffer.from(service.api.key).toString('hex'))
    expect(secret_hash).toHaveLength(32)
  }
})
