import { once } from 'node:events'
import { expect, test } from 'vitest'
import { testService } from '../../support/service.js'
import { openSocket } from '../../support/sockets.js'

/** More than the kernel takes for a connection that nobody reads. */
const BODY_BYTES = 48 * 2 ** 20
const CHUNK_BYTES = 2 ** 20

const service = testService()

test('A response to one request does not make the service read the next before it is wanted', async () => {
  const store = await service.addStore()
  const client = await service.pool.connect()
  const socket = openSocket(service.server.url)
  try {
    // The second request waits for its key to be checked.
    await client.query('begin; lock table credentials in access exclusive mode')
    const chunk = `${CHUNK_BYTES.toString(16)}\r\n${' '.repeat(CHUNK_BYTES)}\r\n`
    const chunked = 'host: intake\r\ntransfer-encoding: chunked\r\n'
    socket.write(
      `GET /healthz HTTP/1.1\r\n${chunked}\r\n0\r\n\r\n` +
        `POST /subscriptions/products HTTP/1.1\r\n${chunked}content-type: application/json\r\n` +
        `authorization: Bearer ${store.key}\r\n\r\n${chunk}`,
    )
    const [answer] = await once(socket, 'data')
    expect(String(answer)).toMatch(/^HTTP\/1\.1 200 /)
    for (let bytes = 0; bytes < BODY_BYTES; bytes += CHUNK_BYTES) socket.write(chunk)
    // Until no more is taken.
    for (let before = Number.NaN; socket.writableLength !== before; ) {
      before = socket.writableLength
      for (let round = 0; round < 20; round += 1) await fetch(new URL('/healthz', service.server.url))
    }
    expect(socket.writableLength).toBeGreaterThan(BODY_BYTES / 2)
  } finally {
    await client.query('rollback')
    client.release()
  }
  const [answer] = await once(socket, 'data')
  expect(String(answer)).toMatch(/^HTTP\/1\.1 413 /)
  socket.destroy()
})
