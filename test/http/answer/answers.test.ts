import { once } from 'node:events'
import type pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Answer } from '../../support/api.js'
import { aProduct, times } from '../../support/builders.js'
import { expectError } from '../../support/errors.js'
import { openFiles } from '../../support/open-files.js'
import { testService } from '../../support/service.js'
import { openSocket } from '../../support/sockets.js'

/** Enough that their report does not fit into the kernel's buffers for an unread response. */
const ERRORS = 30_000

const service = testService()
let id: string
beforeAll(async () => {
  const content = `${JSON.stringify(aProduct())}\n${times(ERRORS, () => aProduct({ name: 'x' }))}`
  id = (await service.api.import(content)).id
  await service.restart({ STATEMENT_TIMEOUT: '1' })
})

const report = (name: string) => `/subscriptions/imports/${id}/${name}`
const asLines = { headers: { accept: 'application/jsonl' } }
const streams: [string, RequestInit][] = [
  ['errors', asLines],
  ['rejected', {}],
  ['results', {}],
]

/** Locks everybody out of some tables while something is done. */
async function locking<T>(tables: string, act: () => Promise<T>): Promise<T> {
  const client: pg.PoolClient = await service.pool.connect()
  try {
    await client.query(`begin; lock table ${tables} in access exclusive mode`)
    return await act()
  } finally {
    await client.query('rollback')
    client.release()
  }
}

/** Without those of the one message and its connection. */
const resourceHeaders = ({ headers }: Answer) => {
  const others = ['date', 'connection', 'keep-alive', 'transfer-encoding', 'x-request-id']
  return Object.fromEntries([...headers].filter(([name]) => !others.includes(name)))
}

describe('HEAD is answered like GET', () => {
  test.each([
    ...streams,
    ['errors', {}],
    ['errors', { headers: { accept: 'application/jsonl;q=0.1, application/json' } }],
    ['errors/kinds', {}],
    ['rejected?line_number=0', {}],
    ['cancel', {}],
    ['nothing', {}],
  ] satisfies [string, RequestInit][])('%s, %j', async (name, init) => {
    const get = await service.api.request(report(name), init)
    const head = await service.api.request(report(name), { ...init, method: 'HEAD' })
    expect(head.status).toBe(get.status)
    expect(head.body).toBe('')
    expect(resourceHeaders(head)).toEqual(resourceHeaders(get))
  })

  test.each(streams)('and %s is not read for it', async (name, init) => {
    const head = () => service.api.request(report(name), { ...init, method: 'HEAD' })
    expect((await locking('import_errors, products, plans', head)).status).toBe(200)
  })
})

describe('Accept is read with its q', () => {
  test.each([
    ['application/jsonl', true],
    ['application/x-ndjson', true],
    ['application/jsonl; charset=UTF-8', true],
    ['APPLICATION/JSONL', true],
    ['application/jsonl, */*', true],
    ['application/json;q=0.5, application/jsonl', true],
    ['text/html, application/jsonl;q=0.1', true],
    ['application/json, application/jsonl;q=0.5', false],
    ['application/jsonl;q=0', false],
    ['application/jsonl;q=0, */*', false],
    ['application/*', false],
    ['*/*', false],
    ['text/html', false],
    ['', false],
  ])('%s: as lines: %s', async (accept, isLines) => {
    const { status, headers } = await service.api.request(report('errors'), {
      method: 'HEAD',
      headers: { accept },
    })
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe(
      `${isLines ? 'application/jsonl' : 'application/json'}; charset=utf-8`,
    )
  })
})

describe('A stream that fails', () => {
  test.each(streams)('before its first byte is answered like any other error: %s', async (name, init) => {
    const answer = await locking('import_errors, products, plans', () =>
      service.api.request(report(name), init),
    )
    expectError(answer, 503, 'Service Unavailable', /database/)
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(answer.headers.get('retry-after')).toBe('5')
    expect(answer.headers.get('content-disposition')).toBeNull()
  })

  test('after its first byte ends the connection before the answer has ended', async () => {
    const socket = openSocket(service.server.url)
    socket.write(
      `GET ${report('errors')} HTTP/1.1\r\nhost: intake\r\nauthorization: Bearer ${service.api.key}\r\n` +
        'accept: application/jsonl\r\n\r\n',
    )
    await once(socket, 'readable')
    let text = ''
    await locking('import_errors', async () => {
      socket.setEncoding('latin1').on('data', (piece) => {
        text += piece
      })
      await once(socket, 'close')
    })
    expect(text).toMatch(/^HTTP\/1\.1 200 /)
    expect(text).not.toMatch(/\r\n0\r\n\r\n$/)
  })
})

test('A stream that waits behind another response ends with the connection', async ({ skip }) => {
  const { pid } = service.server.process
  const uploads = () => openFiles(pid).filter((path) => path.includes(id))
  skip(openFiles(pid).length === 0, 'no /proc')
  const socket = openSocket(service.server.url)
  const get = (name: string) =>
    `GET ${report(name)} HTTP/1.1\r\nhost: intake\r\nauthorization: Bearer ${service.api.key}\r\n` +
    'accept: application/jsonl\r\n\r\n'
  socket.write(get('errors') + get('rejected'))
  await once(socket, 'readable')
  await expect.poll(uploads, { timeout: 10_000 }).toHaveLength(1)
  socket.destroy()
  await expect.poll(uploads, { timeout: 10_000 }).toEqual([])
})
