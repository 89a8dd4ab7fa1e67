import { expect, test } from 'vitest'
import { Api } from '../support/api.js'
import { expectError } from '../support/errors.js'
import { administer, startTestService, testService } from '../support/service.js'

const service = testService()

test.each(['/healthz', '/readyz'])('GET %s answers 200 to everybody', async (path) => {
  const answer = await new Api(service.server.url, '').request(path, { headers: { authorization: '' } })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toMatch(/^application\/json\b/)
})

test.each(['/healthz', '/readyz'])('%s takes GET alone: another method is 405 with Allow', async (path) => {
  const answer = await service.api.request(path, { method: 'POST' })
  expectError(answer, 405, 'Method Not Allowed', /GET/)
  expect(answer.headers.get('allow')).toBe('GET, HEAD')
})

test('without its database the process is up and not ready', async () => {
  const away = await startTestService()
  try {
    const name = new URL(away.databaseUrl).pathname.slice(1)
    await administer(`alter database ${name} allow_connections false`)
    await administer(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`)
    await expect.poll(async () => (await away.api.get('/readyz')).status, { timeout: 20_000 }).toBe(503)
    expectError(await away.api.get('/readyz'), 503, 'Service Unavailable', /./)
    expect((await away.api.get('/healthz')).status).toBe(200)
  } finally {
    await away.server.kill()
    await away.stop()
  }
})
