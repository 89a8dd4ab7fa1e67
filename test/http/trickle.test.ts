import { once } from 'node:events'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { aProduct, file } from '../support/builders.js'
import { peakMemory } from '../support/memory.js'
import { formEnd, formType, importFile, partHead } from '../support/multipart.js'
import { testService } from '../support/service.js'
import { openSocket } from '../support/sockets.js'

const BODIES = 30
const PADDING = 1_000

/** Far less than a kilobyte for each byte of the bodies. */
const ALLOWED_BYTES = 30 * 2 ** 20

const service = testService({})

const record = aProduct({ padding: 'x'.repeat(PADDING) })
const json = JSON.stringify(record)

async function open(path: string, type: string, length: number): Promise<Socket> {
  const socket = openSocket(service.server.url).setNoDelay()
  socket.write(
    `POST /subscriptions/${path} HTTP/1.1\r\nhost: intake\r\nauthorization: Bearer ${service.api.key}\r\n` +
      `content-type: ${type}\r\ncontent-length: ${length}\r\n\r\n`,
  )
  await once(socket, 'connect')
  return socket
}

test.each([
  ['a form', 'imports', formType, `${partHead(importFile(''))}${json}\r\n${formEnd}`],
  ['lines', 'imports', 'application/jsonl', json],
  ['JSON', 'products', 'application/json', json],
])('A body that arrives byte by byte costs about its bytes: %s', async (_, path, type, text) => {
  // A process that has only just started has not taken yet what its first import takes.
  await service.api.import(file(record))
  const { pid } = service.server.process
  const before = peakMemory(pid)
  const body = Buffer.from(text)
  const sockets = await Promise.all(Array.from({ length: BODIES }, () => open(path, type, body.length)))
  const answers = sockets.map((socket) => once(socket, 'data'))
  const other = openSocket(service.server.url)
  for (let place = 0; place < body.length; place += 1) {
    for (const socket of sockets) socket.write(body.subarray(place, place + 1))
    // Once this is answered, the service has read them.
    other.write('GET /healthz HTTP/1.1\r\nhost: intake\r\n\r\n')
    await once(other, 'data')
  }
  for (const [answer] of await Promise.all(answers)) expect(String(answer)).toMatch(/^HTTP\/1\.1 201 /)
  for (const socket of [...sockets, other]) socket.destroy()
  // Not a number where there is no /proc.
  expect(peakMemory(pid) - before > ALLOWED_BYTES).toBe(false)
})
