import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { expectError } from '../support/errors.js'
import { apiRoutes, pathFor, resourceRequests } from '../support/routes.js'
import { startTestService, testService } from '../support/service.js'

const service = testService()

describe.each(resourceRequests)('$method $path', ({ method, path, noun }) => {
  test('answers 404 for an unknown id', async () => {
    const answer = await service.api.request(pathFor(path), { method })
    expectError(answer, 404, 'Not Found', `No ${noun} found`)
  })

  test.each([
    'no-uuid',
    '1',
    '00000000-0000-0000-0000-00000000000g',
    '{00000000-0000-0000-0000-000000000000}',
    '00000000000000000000000000000000',
    'a'.repeat(5000),
    "'; drop table imports; --",
    '\0',
    '☕',
  ])('answers 400 for an id that is no UUID: %j', async (id) => {
    const answer = await service.api.request(pathFor(path, encodeURIComponent(id)), { method })
    expectError(answer, 400, 'Validation Error', 'id: id must be a UUID')
  })
})

describe('Another id in a path', () => {
  const further = resourceRequests.filter(
    ({ path }) => path.split('/').filter((step) => step.startsWith(':')).length > 1,
  )
  test.each(further)(
    'of $method $path: 400 for one that is no UUID, named as the path has it',
    async ({ method, path }) => {
      const [name = ''] = /\w+$/.exec(path) ?? []
      const answer = await service.api.request(pathFor(path.replace(`:${name}`, 'no-uuid')), { method })
      expectError(answer, 400, 'Validation Error', `${name}: ${name} must be a UUID`)
    },
  )
})

/** Some of those that no route takes. */
const FOREIGN_METHODS = ['QUERY', 'PROPFIND']

describe.each(apiRoutes)('$path', ({ path, methods }) => {
  const open = methods.includes('GET') ? [...methods, 'HEAD'] : methods
  const others = [
    ...['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].filter(
      (method) => !open.includes(method),
    ),
    ...FOREIGN_METHODS,
  ]

  test.each(others)('answers 405 with Allow to %s', async (method) => {
    const answer = await service.api.request(pathFor(path), { method })
    expect(answer.status).toBe(405)
    if (method !== 'HEAD') expectError(answer, 405, 'Method Not Allowed', /./)
    const allowed = (answer.headers.get('allow') ?? '').split(', ')
    expect(allowed.sort()).toEqual(open.toSorted())
  })

  test('answers 405 whatever the body', async () => {
    const answer = await service.api.request(pathFor(path), {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: '{',
    })
    expectError(answer, 405, 'Method Not Allowed', /./)
  })
})

describe('An unknown route answers 404', () => {
  test.each([
    '/nothing',
    '/subscriptions',
    '/subscriptions/nothing',
    '/v2/subscriptions/nothing',
    '/v2',
    '/v2/nothing',
    '/v1/subscriptions/imports',
    '/settings',
    '/Subscriptions/Imports',
    '/subscriptions/imports/00000000-0000-0000-0000-000000000000/nothing',
  ])('%s', async (path) => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      expectError(await service.api.request(path, { method }), 404, 'Not Found', /^No .+ found$/)
    }
  })
})

describe('What is hardly a request is also answered in the form of errors', () => {
  test('a URL that cannot be decoded: 400', async () => {
    expectError(await service.api.get('/subscriptions/imports/%ff'), 400, 'Bad Request', /./)
  })

  test('headers without end: 431', async () => {
    const answer = await service.api.get(`/subscriptions/imports?filter=${'a'.repeat(100_000)}`)
    expectError(answer, 431, 'Request Header Fields Too Large', /./)
  })

  test('bytes that are not HTTP: 400', async () => {
    const { hostname, port } = new URL(service.server.url)
    const socket = connect(Number(port), hostname)
    socket.write('GARBAGE\r\n\r\n')
    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n')
    expect(head).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    expect(JSON.parse(body).errors).toEqual([
      { status: '400', title: 'Bad Request', detail: expect.any(String) },
    ])
  })
})

describe('An error reveals nothing about the internals', () => {
  test('a server error is 500 with meta.request_id and without SQL or code', async () => {
    const broken = await startTestService()
    try {
      await broken.pool.query('alter table products rename column name to gone')
      const answer = await broken.api.get('/subscriptions/products')
      expect(answer.status).toBe(500)
      expect(answer.body).toEqual({
        errors: [
          {
            status: '500',
            title: 'Internal Server Error',
            detail: expect.not.stringMatching(/column|select|products|\.js|\bat /),
            meta: { request_id: answer.headers.get('x-request-id') },
          },
        ],
      })
      expect(answer.body.errors[0].meta.request_id).toEqual(expect.any(String))
    } finally {
      await broken.stop()
    }
  })
})

describe('include', () => {
  test.each([
    ['products', 'products'],
    ['offerings', 'offerings'],
    ['offerings', 'products,nothing'],
    ['offerings', 'constructor'],
  ])('of /%s takes products and plans where there are any: %s is 400', async (list, include) => {
    const answer = await service.api.get(`/subscriptions/${list}?include=${include}`)
    expectError(answer, 400, 'Validation Error', /^include: /)
  })
})
