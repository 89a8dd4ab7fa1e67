import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** A request that a receiver got. */
export interface ReceivedMessage {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: a test says by its assertions what shape it expects
  readonly body: any
}

/** Somebody else's server that webhooks are posted to. */
export interface Receiver {
  /** By this machine's name; `/hook` at its end. */
  readonly url: string
  readonly port: number
  readonly messages: ReceivedMessage[]
  /** How messages are answered from now on. Default: 204. */
  answer: (response: ServerResponse, message: ReceivedMessage) => void
  stop(): Promise<void>
}

/** Starts a receiver on this machine, on IPv4 and, if available, IPv6. */
export async function startReceiver(): Promise<Receiver> {
  const messages: ReceivedMessage[] = []
  const server = createServer(async (request, response) => {
    response.on('error', () => {})
    const body = await text(request)
    const { method = '', url: path = '', headers } = request
    const message = { method, path, headers, text: body, body: body === '' ? undefined : JSON.parse(body) }
    messages.push(message)
    receiver.answer(response, message)
  })
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const { port } = server.address() as AddressInfo
  const receiver: Receiver = {
    url: `http://localhost:${port}/hook`,
    port,
    messages,
    answer: withStatus(204),
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return receiver
}

/** Answers by a status without a body. */
export const withStatus =
  (status: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse) => {
    response.writeHead(status, headers).end()
  }
