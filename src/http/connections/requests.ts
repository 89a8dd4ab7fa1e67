import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

const underWay = new WeakMap<Socket, Set<IncomingMessage>>()

/** Lets `requestsOn` know every request of a server, from its headers to the end of its answer. */
export function followRequests({ server }: FastifyInstance): void {
  server.prependListener('request', (request, response) => {
    const requests = underWay.get(request.socket) ?? new Set()
    underWay.set(request.socket, requests.add(request))
    response.once('close', () => requests.delete(request))
  })
}

/** The requests on a connection that are not answered to their end. */
export const requestsOn = (socket: Socket): IncomingMessage[] => [...(underWay.get(socket) ?? [])]
