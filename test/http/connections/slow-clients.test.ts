import { once } from 'node:events'
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { aProduct, times } from '../../support/builders.js'
import { formEnd, importFile, partHead } from '../../support/multipart.js'
import { startTestService, testService } from '../../support/service.js'
import { answerOn, closed, openSocket, openUpload } from '../../support/sockets.js'

const service = testService({ REQUEST_TIMEOUT: '2', IDLE_TIMEOUT: '4' })

/** Sends a space regularly, so that the connection is never silent. */
function drip(socket: Socket, piece = ' '): Socket {
  const timer = setInterval(() => socket.write(piece), 100)
  socket.once('close', () => clearInterval(timer))
  return socket
}

const head = (line: string, ...headers: readonly string[]) =>
  [line, 'host: intake', `authorization: Bearer ${service.api.key}`, ...headers].join('\r\n')

const begun = partHead(importFile('')) + times(100, () => aProduct())

describe('A request that arrives byte by byte is ended', () => {
  test('in its headers: 408', async () => {
    const socket = openSocket(service.server.url)
    socket.write(head('GET /subscriptions/imports HTTP/1.1', 'x-slow: '))
    const { status, body } = await answerOn(drip(socket, 'x'))
    expect(status).toBe(408)
    expect(JSON.parse(body).errors[0]).toMatchObject({ status: '408', title: 'Request Timeout' })
  })

  test.each([
    ['/subscriptions/products', 'application/json', 'content-length: 1000'],
    ['/subscriptions/products', 'application/json', 'transfer-encoding: chunked'],
    ['/oauth/access_token', 'application/x-www-form-urlencoded', 'content-length: 1000'],
  ])('in its body, for %s as %s with %s: 408', async (path, type, framing) => {
    const socket = openSocket(service.server.url)
    socket.write(`${head(`POST ${path} HTTP/1.1`, `content-type: ${type}`, framing)}\r\n\r\n`)
    const { status, body } = await answerOn(drip(socket, framing.startsWith('t') ? '1\r\n \r\n' : ' '))
    expect(status).toBe(408)
    expect(JSON.parse(body).errors[0]).toMatchObject({ status: '408', title: 'Request Timeout' })
  })

  test.each([
    ['that nobody is allowed to send', 'POST /subscriptions/products HTTP/1.1', 'authorization: none', 401],
    ['of a form that is refused', 'POST /subscriptions/imports HTTP/1.1', 'content-type: text/plain', 415],
    ['of a GET', 'GET /subscriptions/products HTTP/1.1', 'x: y', 200],
    ['that no route takes', 'POST /nothing HTTP/1.1', 'x: y', 404],
  ])('in a body %s, after the answer', async (_, line, header, expected) => {
    const socket = openSocket(service.server.url)
    const lines = header.startsWith('authorization') ? [line, 'host: intake', header] : [head(line, header)]
    socket.write(`${[...lines, 'content-length: 1000'].join('\r\n')}\r\n\r\n`)
    const [answer] = (await once(drip(socket), 'data')) as [Buffer]
    expect(answer.toString()).toMatch(new RegExp(`^HTTP/1\\.1 ${expected} `))
    // The end may come as a reset: bytes are on their way.
    await closed(socket)
  })
})

test('A connection that says nothing is ended', async () => {
  await closed(openSocket(service.server.url))
})

test('An upload that pauses is ended and leaves nothing', async () => {
  const store = await service.addStore()
  const before = await service.uploads()
  const socket = openUpload(store, begun, 'content-length: 1000000')
  await expect.poll(async () => (await service.uploads()).length).toBe(before.length + 1)
  expect((await answerOn(socket)).head).toBe('')
  await expect.poll(() => service.uploads()).toEqual(before)
  expect((await store.get('/subscriptions/imports')).body.meta.results.total).toBe(0)
})

test('An upload that continues, however slowly, outlives both limits', async () => {
  const store = await service.addStore()
  const end = `\r\n${formEnd}`
  const size = 100_000
  const upload = openUpload(store, begun, `content-length: ${size}`)
  let sent = begun.length
  const timer = setInterval(() => {
    upload.write(' ')
    sent += 1
  }, 100)
  // Another one that started later is ended for its silence.
  await closed(openUpload(store, begun, 'content-length: 1000000'))
  await closed(openUpload(store, begun, 'content-length: 1000000'))
  clearInterval(timer)
  upload.write(`${'\n'.repeat(size - sent - end.length)}${end}`)
  const [answer] = (await once(upload, 'data')) as [Buffer]
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 201 /)
  upload.destroy()
})

test('Connections beyond MAX_CONNECTIONS are closed, and those that end make room', async () => {
  const small = await startTestService({ MAX_CONNECTIONS: '4' })
  try {
    const held = Array.from({ length: 4 }, () => openSocket(small.server.url))
    await Promise.all(held.map((socket) => once(socket, 'connect')))
    await closed(openSocket(small.server.url))
    expect(held.every((socket) => !socket.closed)).toBe(true)
    for (const socket of held) socket.destroy()
    const isAnswered = () =>
      small.api.get('/healthz').then(
        ({ status }) => status === 200,
        () => false,
      )
    await expect.poll(isAnswered).toBe(true)
  } finally {
    await small.stop()
  }
})
