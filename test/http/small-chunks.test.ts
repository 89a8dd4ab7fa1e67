import { once } from 'node:events'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { aProduct, times } from '../support/builders.js'
import { peakMemory } from '../support/memory.js'
import { formEnd, formType, importFile, partHead } from '../support/multipart.js'
import { testService } from '../support/service.js'
import { openSocket } from '../support/sockets.js'

const UPLOADS = 60
const RECORDS = 150

const service = testService()

/** A chunked body in which every byte is a chunk of its own (RFC 9112, 7.1). */
const inBytes = (text: string): Buffer =>
  Buffer.concat(
    [...Buffer.from(text)]
      .map((byte) => Buffer.from([0x31, 13, 10, byte, 13, 10]))
      .concat(Buffer.from('0\r\n\r\n')),
  )

const lines = times(RECORDS, () => aProduct())
const json = JSON.stringify({
  data: { type: 'subscription_product', attributes: { name: 'abc', ignored: lines } },
})

function send(path: string, type: string, body: Buffer): Socket {
  const socket = openSocket(service.server.url)
  socket.write(
    `POST /subscriptions/${path} HTTP/1.1\r\nhost: intake\r\nauthorization: Bearer ${service.api.key}\r\n` +
      `content-type: ${type}\r\ntransfer-encoding: chunked\r\n\r\n`,
  )
  socket.write(body)
  return socket
}

const statusOn = async (socket: Socket): Promise<number> => {
  const [answer] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return Number(answer.toString('latin1').split(' ')[1])
}

test.each([
  ['a form', 'imports', formType, `${partHead(importFile(''))}${lines}\r\n${formEnd}`],
  ['lines', 'imports', 'application/jsonl', lines],
  ['JSON', 'products', 'application/json', json],
])('Bodies in chunks of one byte are read like others: %s', async (_, path, type, text) => {
  const body = inBytes(text)
  const sockets = Array.from({ length: UPLOADS }, () => send(path, type, body))
  let answered = 0
  const answers = Promise.all(
    sockets.map(async (socket) => {
      const status = await statusOn(socket)
      answered += 1
      return status
    }),
  )
  expect((await service.api.get('/healthz')).status).toBe(200)
  // It does not have to wait until all of them are read.
  expect(answered).toBeLessThan(UPLOADS)
  expect(await answers).toEqual(Array(UPLOADS).fill(201))
})

test('and take no more memory', ({ skip }) => {
  const peak = peakMemory(service.server.process.pid)
  skip(Number.isNaN(peak), 'no /proc')
  expect(peak).toBeLessThan(300 * 2 ** 20)
})
