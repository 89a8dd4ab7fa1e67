import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Api } from './api.js'
import { formType } from './multipart.js'

/** A connection to the service on which a test says what it likes. */
export function openSocket(url: string): Socket {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  return socket
}

/** Begins an upload and leaves it open. `framing`: `content-length: 100`, `transfer-encoding: chunked`. */
export function openUpload(api: Api, body: string, framing: string): Socket {
  const socket = openSocket(api.url)
  socket.write(
    `POST /subscriptions/imports HTTP/1.1\r\nhost: intake\r\nauthorization: Bearer ${api.key}\r\n` +
      `content-type: ${formType}\r\n${framing}\r\n\r\n${body}`,
  )
  return socket
}

/** A chunk of a chunked body. */
export const asChunk = (bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])

export interface RawAnswer {
  readonly status: number
  /** The status line and the headers, as they came. */
  readonly head: string
  readonly body: string
}

/** What comes until the service ends the connection. */
export async function answerOn(socket: Socket): Promise<RawAnswer> {
  const [head = '', ...rest] = (await text(socket)).split('\r\n\r\n')
  return { status: Number(head.split(' ')[1]), head, body: rest.join('\r\n\r\n') }
}

/** Asks for a path as it stands, where `fetch` would resolve its dots. */
export async function getRaw(api: Api, path: string, method = 'GET'): Promise<RawAnswer> {
  const socket = openSocket(api.url)
  socket.write(
    `${method} ${path} HTTP/1.1\r\nhost: intake\r\nauthorization: Bearer ${api.key}\r\nconnection: close\r\n\r\n`,
  )
  return answerOn(socket)
}

export const closed = async (socket: Socket): Promise<void> => {
  socket.resume()
  if (!socket.closed) await once(socket, 'close')
}
