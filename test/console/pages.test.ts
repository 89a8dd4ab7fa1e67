import { expect, test } from 'vitest'
import { expectError } from '../support/errors.js'
import { testService } from '../support/service.js'

const service = testService()

const PAGES = ['/', '/new', '/imports', '/imports/0190d5c8', '/records', '/records/products/0190d5c8']

const get = (path: string) => fetch(new URL(path, service.server.url))

test.each(PAGES)(
  '%s is the console, for everybody, and nothing from elsewhere may run in it',
  async (path) => {
    const answer = await get(path)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(answer.headers.get('cache-control')).toBe('no-cache')
    expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'self'; (?!.*unsafe)/)
    expect(await answer.text()).toContain('<div id="root">')
  },
)

test('its files are named by their hashes and may be kept for a year', async () => {
  const document = await (await get('/')).text()
  const files = [...document.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, file = '']) => file)
  expect(files.length).toBeGreaterThan(2)
  for (const file of files) {
    expect(file).toMatch(/^\/assets\/[\w-]+-[\w-]{8}\.\w+$/)
    const answer = await get(file)
    expect(answer.status, file).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
  }
})

test('its style sheets load nothing from elsewhere', async () => {
  const [, sheet = ''] = /href="([^"]*\.css)"/.exec(await (await get('/')).text()) ?? []
  expect(await (await get(sheet)).text()).not.toMatch(/@import|url\(\s*["']?(https?:)?\/\//i)
})

test.each([
  '/subscriptions/nothing',
  '/v2/nothing',
  '/nothing',
  '/assets/nothing.js',
  '/assets/..%2f..%2fpackage.json',
])('%s stays the 404 of the API', async (path) => {
  expectError(await service.api.get(path), 404, 'Not Found', 'No resource found')
})

test('a page takes only GET: another method is 405 with Allow', async () => {
  const answer = await service.api.request('/imports', { method: 'POST' })
  expectError(answer, 405, 'Method Not Allowed', /GET/)
  expect(answer.headers.get('allow')).toBe('GET, HEAD')
})
