import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

const underWay = new WeakMap<Socket, Set<IncomingMessage>>()

/** Makes every request of a server known to `requestsOn`, from its headers to the end of its response. */
export function followRequests({ server }: FastifyInstance): void {
  server.prependListener('request', (request, response) => {
    const requests = underWay.get(request.socket) ?? new Set()
    underWay.set(request.socket, requests.add(request))
    response.once('close', () => requests.delete(request))
  })
}

/** The requests on a connection whose responses have not ended. */
export const requestsOn = (socket: Socket): IncomingMessage[] => [...(underWay.get(socket) ?? [])]
