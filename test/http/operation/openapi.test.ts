import { Validator } from '@seriousme/openapi-schema-validator'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { recordTypes } from '../../../src/records/index.js'
import { withoutReferences } from '../../../src/records/record-type.js'
import { validateRecord } from '../../../src/records/validate.js'
import type { buildServer } from '../../../src/server.js'
import type { Answer } from '../../support/api.js'
import { Conformance, type OpenApiDocument } from '../../support/conformance.js'
import { isPage, unstartedServer } from '../../support/routes.js'
import { temporaryFolder } from '../../support/service.js'

let app: ReturnType<typeof buildServer>
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let document: Answer['body']
/** `get /v2/settings`: the routes of the application, without HEAD, which comes with GET. */
const operations = new Set<string>()

beforeAll(async () => {
  folder = await temporaryFolder()
  app = unstartedServer(folder.path)
  app.addHook('onRoute', ({ url, method, schema }) => {
    // A route with several methods is one that answers 405.
    if (typeof method === 'string' && method !== 'HEAD') {
      operations.add(`${method.toLowerCase()} ${url.replaceAll(/:(\w+)/g, '{$1}')}`)
      expect(schema, `${method} ${url} is not documented`).toBeDefined()
    }
  })
  await app.ready()
  document = (await app.inject('/openapi.json')).json()
})
afterAll(async () => {
  await app.close()
  await folder.remove()
})

const documentedOperations = (): string[] =>
  Object.entries((document as OpenApiDocument).paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  )

test('GET /openapi.json answers everybody with valid OpenAPI 3.1', async () => {
  const answer = await app.inject('/openapi.json')
  expect(answer.statusCode).toBe(200)
  expect(answer.headers['content-type']).toMatch(/^application\/json\b/)
  expect(document.openapi).toMatch(/^3\.1\./)
  expect(await new Validator().validate(structuredClone(document))).toEqual({ valid: true })
})

test('it has every route of the application and nothing else', () => {
  const expected = [...operations]
    .filter((operation) => !isPage(operation.split(' ')[1] ?? ''))
    .map((operation) => operation.replace(' /subscriptions/', ' /v2/subscriptions/'))
  expect(documentedOperations().sort()).toEqual([...new Set(expected)].sort())
})

test('the example of each filter is about an attribute of its list, and one of its operators', () => {
  const filters = Object.values(document.paths as Record<string, { get?: { parameters?: Answer['body'][] } }>)
    .flatMap(({ get }) => get?.parameters ?? [])
    .filter(({ name }) => name === 'filter')
  expect(filters.length).toBeGreaterThan(7)
  for (const { schema, example } of filters) {
    const [, operator, attribute, value] = /^(\w+)\(([\w.]+),(.+)\)$/.exec(example[0]) ?? []
    const { operators, values = [value] } = schema['x-filters'][attribute ?? '']
    expect(operators).toContain(operator)
    expect(values).toContain(value)
  }
})

test('both prefixes have the same routes', () => {
  const under = (prefix: string) =>
    [...operations]
      .filter((operation) => operation.includes(` ${prefix}`))
      .map((operation) => operation.replace(` ${prefix}`, ' '))
      .sort()
  expect(under('/subscriptions/')).toEqual(under('/v2/subscriptions/'))
})

test('an operation has a unique id, a summary, descriptions, and the errors for an unknown caller', () => {
  const all = Object.values(document.paths).flatMap((methods) =>
    Object.values(methods as Record<string, Answer['body']>),
  )
  expect(new Set(all.map(({ operationId }) => operationId)).size).toBe(all.length)
  for (const { operationId, summary, security, parameters = [], responses } of all) {
    expect(summary, operationId).toMatch(/\.$/)
    for (const parameter of parameters) expect(parameter.description, operationId).toBeTruthy()
    const statuses = Object.keys(responses)
    expect(statuses, operationId).toEqual(expect.arrayContaining(security ? ['500'] : ['401', '500', '503']))
  }
})

describe.each(recordTypes)('$type', (recordType) => {
  const { noun, attributes, answered: differently } = recordType
  const name = `${noun.charAt(0).toUpperCase()}${noun.slice(1)}`

  test('has its attributes, each described, in the document', () => {
    const { [`${name}Attributes`]: taken, [name]: answered } = document.components.schemas
    expect(Object.keys(taken.properties)).toEqual(Object.keys(attributes.properties))
    expect(taken.required).toEqual(attributes.required)
    for (const property of Object.values<Answer['body']>(taken.properties)) {
      expect(property.description).toBeTruthy()
    }
    const shown = Object.entries<Answer['body']>(taken.properties).filter(
      ([property, { writeOnly }]) => !writeOnly && !differently?.omitted.includes(property),
    )
    expect(answered.properties.attributes.properties).toMatchObject(Object.fromEntries(shown))
    expect(Object.keys(answered.properties.attributes.properties)).toEqual([
      ...shown.map(([name]) => name),
      ...Object.keys(differently?.attributes ?? {}),
      'created_at',
      'updated_at',
    ])
  })

  test('has an example, which is valid', () => {
    const [example] = attributes.examples ?? []
    expect(example).toBeDefined()
    expect(validateRecord(withoutReferences(recordType), structuredClone(example))).toEqual([])
  })
})

describe('What the suite holds answers against finds', () => {
  const url = new URL('http://localhost/subscriptions/products/0b2a5d0e-8a5c-4d4e-9d5e-3a1b2c3d4e5f')
  const answer = (status: number, body: unknown) => ({
    status,
    headers: new Headers({ 'content-type': 'application/json; charset=utf-8' }),
    body,
  })
  const time = '2017-01-10T11:41:19.244842Z'
  const timestamps = { created_at: time, updated_at: time }
  const aProduct = (more: object = {}) => ({
    data: {
      id: '0b2a5d0e-8a5c-4d4e-9d5e-3a1b2c3d4e5f',
      type: 'subscription_product',
      attributes: { name: 'Coffee box', ...timestamps, ...more },
      meta: { owner: 'store', timestamps },
    },
  })
  const check = (method: string, at: URL, given: ReturnType<typeof answer>) => () =>
    new Conformance(document).check(method, at, given)

  test('nothing wrong with a documented answer', () => {
    expect(check('GET', url, answer(200, aProduct()))).not.toThrow()
  })

  test.each([
    ['a field that is not documented', 'GET', url, answer(200, aProduct({ secret: 1 }))],
    ['a field of another type', 'GET', url, answer(200, aProduct({ sku: 1 }))],
    ['a status that is not documented', 'GET', url, answer(202, aProduct())],
    ['a method that is not documented', 'PATCH', url, answer(200, aProduct())],
    ['a path that is not documented', 'GET', new URL('http://localhost/v2/nothing'), answer(200, aProduct())],
    ['an error in another form', 'GET', url, answer(404, { error: 'Not Found' })],
  ] as const)('%s', (_what, method, at, given) => {
    expect(check(method, at, given)).toThrow(/→/)
  })
})

describe('/docs', () => {
  test('shows the document with only files of the service, and lets the browser load no others', async () => {
    const page = await app.inject('/docs')
    expect(page.statusCode).toBe(200)
    expect(page.headers['content-type']).toMatch(/^text\/html\b/)
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'self';/)
    const loaded = [...page.body.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address = '']) => address)
    expect(loaded.length).toBeGreaterThan(0)
    for (const address of loaded) {
      expect(address).toMatch(/^\/docs\/static\//)
      expect((await app.inject(address)).statusCode, address).toBe(200)
    }
    expect((await app.inject('/docs/json')).json()).toEqual(document)
  })

  test('no style sheet names another host', async () => {
    for (const sheet of ['swagger-ui.css', 'index.css']) {
      const { body } = await app.inject(`/docs/static/${sheet}`)
      expect(body).not.toMatch(/@import|url\(\s*["']?(https?:)?\/\//i)
    }
  })
})
