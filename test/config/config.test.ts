import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/config/config.js'
import { readConfig } from '../../src/config/read-config.js'

const read = (environment: Readonly<Record<string, string>>) => readConfig({}, environment)

describe('TRUSTED_PROXIES', () => {
  test('is nobody unless set', () => {
    expect(read({}).trustedProxies).toBeUndefined()
  })

  test.each(['127.0.0.1', '10.0.0.0/8', '::1', 'fd00::/8', '127.0.0.1,10.0.0.0/8', '127.0.0.1/32'])(
    'takes %s',
    (given) => {
      expect(read({ TRUSTED_PROXIES: given }).trustedProxies).toBe(given)
    },
  )

  test('takes spaces around addresses', () => {
    expect(read({ TRUSTED_PROXIES: '127.0.0.1, ::1' }).trustedProxies).toBe('127.0.0.1,::1')
  })

  test.each([
    'true',
    '*',
    'localhost',
    '10.0.0.0/33',
    '10.0.0/8',
    '::1/129',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    ',',
  ])('does not take %s', (given) => {
    expect(() => read({ TRUSTED_PROXIES: given })).toThrow(ConfigError)
    expect(() => read({ TRUSTED_PROXIES: given })).toThrow(/^TRUSTED_PROXIES takes addresses and networks/)
  })
})

describe('UPLOAD_STORE', () => {
  test.each(['s3://bucket', 's3://my.bucket/prefix', 's3://bucket/a/b.c/_d-', 's3://bucket/..a/...'])(
    'takes %s',
    (given) => {
      expect(read({ UPLOAD_STORE: given }).uploadStore).toBe(given)
    },
  )

  // A proxy in between would resolve `..` and lead to another bucket.
  test.each(['s3://bucket/..', 's3://bucket/../other', 's3://bucket/./a/', 's3://bucket//a', 's3://b/ü'])(
    'does not take %s',
    (given) => {
      expect(() => read({ UPLOAD_STORE: given })).toThrow(/^UPLOAD_STORE takes s3:/)
    },
  )
})

test.each(['RATE_LIMIT', 'WRONG_SECRET_LIMIT', 'MAX_UPLOADS', 'MAX_WAITING_IMPORTS', 'MAX_CONNECTIONS'])(
  '%s takes whole numbers from 1',
  (variable) => {
    for (const given of ['0', '-1', '1.5', 'many', '1e3']) {
      expect(() => read({ [variable]: given })).toThrow(`${variable} takes a whole number from 1 to`)
    }
  },
)

test.each([
  ['MAX_LINE_BYTES', 'many'],
  ['MAX_RECORDS', '0'],
  ['RETENTION_DAYS', 'forever'],
  ['LOG_LEVEL', 'loud'],
])('%s does not take %s', (variable, given) => {
  expect(() => read({ [variable]: given })).toThrow(`${variable} takes`)
})

describe('What a process leaves to others', () => {
  test('is nothing unless set', () => {
    expect(read({})).toMatchObject({ apiOnly: false, workerOnly: false })
    expect(read({ API_ONLY: 'true' })).toMatchObject({ apiOnly: true, workerOnly: false })
    expect(read({ WORKER_ONLY: 'true' })).toMatchObject({ apiOnly: false, workerOnly: true })
  })

  test('is not everything', () => {
    expect(() => read({ API_ONLY: 'true', WORKER_ONLY: 'true' })).toThrow(
      'API_ONLY and WORKER_ONLY exclude each other',
    )
  })
})
