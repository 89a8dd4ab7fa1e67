import { expect, test } from 'vitest'
import { Api } from '../support/api.js'
import { aProduct, file } from '../support/builders.js'
import { expectError } from '../support/errors.js'
import { testService } from '../support/service.js'
import { answerOn, getRaw, openSocket, type RawAnswer } from '../support/sockets.js'

const service = testService()

const headersOf = ({ head }: RawAnswer): Headers =>
  new Headers(
    head
      .split('\r\n')
      .slice(1)
      .map((line) => line.split(/: (.*)/s, 2) as [string, string]),
  )

const expectAll = (headers: Headers, policy: RegExp): void => {
  expect(headers.get('content-security-policy')).toMatch(policy)
  expect(headers.get('content-security-policy')).toMatch(/(^|; )frame-ancestors 'none'(;|$)/)
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(headers.get('x-frame-options')).toBe('DENY')
  expect(headers.get('referrer-policy')).toBe('no-referrer')
}

const NOTHING = /^default-src 'none'(;|$)/

test.each([
  ['GET', '/subscriptions/imports', 200],
  ['GET', '/subscriptions/imports/no-uuid', 400],
  ['GET', '/v2/settings', 200],
  ['DELETE', '/v2/settings', 405],
  ['POST', '/oauth/access_token', 400],
  ['GET', '/nothing', 404],
  ['GET', '/healthz', 200],
  ['GET', '/readyz', 200],
  ['GET', '/openapi.json', 200],
])('%s %s, answered %i, lets a browser do nothing and keep nothing', async (method, path, status) => {
  const answer = await service.api.request(path, { method })
  expect(answer.status).toBe(status)
  expectAll(answer.headers, NOTHING)
  expect(answer.headers.get('cache-control')).toBe('no-store')
})

test('So do responses to an upload, to an unknown caller, and the report as JSON Lines', async () => {
  const upload = await service.api.upload(file(aProduct(), '{'))
  const { id } = await service.api.finished(upload.body.data.id)
  const report = await service.api.request(`/subscriptions/imports/${id}/errors`, {
    headers: { accept: 'application/jsonl' },
  })
  const nobody = await new Api(service.server.url, 'wrong').get('/subscriptions/imports')
  for (const { headers } of [upload, report, nobody]) {
    expectAll(headers, NOTHING)
    expect(headers.get('cache-control')).toBe('no-store')
  }
})

test('So do responses to what is not a request', async () => {
  const socket = openSocket(service.server.url)
  socket.write('GARBAGE\r\n\r\n')
  for (const answer of [await answerOn(socket), await getRaw(service.api, '/subscriptions/imports/%ff')]) {
    expect(answer.status).toBe(400)
    expectAll(headersOf(answer), NOTHING)
    expect(headersOf(answer).get('cache-control')).toBe('no-store')
  }
})

test.each([
  ['has no host', 'connection: close', 400],
  ['expects what nobody knows', 'host: intake\r\nconnection: close\r\nexpect: tea', 200],
])('So do answers to a request that %s', async (_, headers, status) => {
  const socket = openSocket(service.server.url)
  socket.write(`GET /healthz HTTP/1.1\r\n${headers}\r\n\r\n`)
  const answer = await answerOn(socket)
  expect(answer.status).toBe(status)
  expectAll(headersOf(answer), NOTHING)
  expect(headersOf(answer).get('content-type')).toBe('application/json; charset=utf-8')
  expect(JSON.parse(answer.body)).toHaveProperty(status === 400 ? 'errors' : 'status')
})

test.each(['/docs', '/docs/static/swagger-ui.css', '/docs/static/index.html'])(
  '%s may load its own files and stands in no frame',
  async (path) => {
    const { status, headers } = await fetch(new URL(path, service.server.url))
    expect(status).toBe(200)
    expectAll(headers, /^default-src 'self';/)
  },
)

test.each(['/docs', '/docs/json', '/docs/static/swagger-ui.css'])(
  '%s takes GET alone: another method is 405 with Allow',
  async (path) => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const answer = await service.api.request(path, { method })
      expectError(answer, 405, 'Method Not Allowed', 'This resource takes GET, HEAD.')
      expect(answer.headers.get('allow')).toBe('GET, HEAD')
    }
  },
)
