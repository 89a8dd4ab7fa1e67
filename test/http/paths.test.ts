import { describe, expect, test } from 'vitest'
import { resourceRequests } from '../support/routes.js'
import { testService } from '../support/service.js'
import { getRaw } from '../support/sockets.js'

const service = testService()

/** Ids as sent on the wire: nothing resolves or escapes them before the service does. */
const TRICKS = [
  '..',
  '.',
  '%2e%2e',
  '%2e',
  '..%2f',
  '..%2f..%2fetc%2fpasswd',
  '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
  '%252e%252e%252f',
  '..%5c..%5c',
  '..;',
  '%00',
  '00000000-0000-0000-0000-000000000000%00',
  '00000000-0000-0000-0000-000000000000.jsonl',
  '00000000-0000-0000-0000-000000000000%20',
  '%0d%0aset-cookie:%20a=b',
  '%c0%ae%c0%ae',
  '%ef%bc%8e%ef%bc%8e',
  '%E2%98%95',
  '%F0%9F%98%80',
  '%ff%fe',
  '%',
  'file:%2f%2f%2fetc%2fpasswd',
  '__proto__',
  'constructor',
  'x'.repeat(30_000),
  '%2e'.repeat(10_000),
]

describe.each(resourceRequests.filter(({ path }) => path.startsWith('/subscriptions')))(
  '$method $path',
  ({ method, path }) => {
    test.each(TRICKS)('with the id %# of the list is 400 or 404 in the form of errors', async (trick) => {
      const answer = await getRaw(service.api, path.replaceAll(/:\w+/g, trick), method)
      expect([400, 404]).toContain(answer.status)
      expect(JSON.parse(answer.body).errors[0].status).toBe(String(answer.status))
      expect(answer.head).not.toMatch(/^set-cookie/im)
    })
  },
)

describe('The pages of /docs are only those of the documentation', () => {
  test.each([
    '/docs/static/../../package.json',
    '/docs/static/%2e%2e/%2e%2e/package.json',
    '/docs/static/..%2f..%2fpackage.json',
    '/docs/static/..%5c..%5cpackage.json',
    '/docs/static/%252e%252e%252fpackage.json',
    '/docs/static//etc/passwd',
    '/docs/static/%2fetc%2fpasswd',
    '/docs/static/index.html%00.js',
    '/docs/../package.json',
    '//etc/passwd',
    '/..%2f..%2fetc%2fpasswd',
  ])('%s', async (path) => {
    const { status, body } = await getRaw(service.api, path)
    expect([400, 403, 404]).toContain(status)
    expect(JSON.parse(body).errors).toHaveLength(1)
  })
})
