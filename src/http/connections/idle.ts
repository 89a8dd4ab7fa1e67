import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { requestsOn } from './requests.js'

/**
 * Closes a connection that has been silent for the server's timeout, if the server is waiting for the client.
 * While the server is the slow one, silence means nothing: a client that has sent everything waits for its
 * response.
 */
export function closeIdleConnections({ server }: FastifyInstance): void {
  server.on('timeout', (socket) => {
    const requests = requestsOn(socket)
    const isUntaken = socket.writableLength > 0
    if (isUntaken || requests.length === 0 || requests.some(isAwaited)) socket.destroy()
    else socket.setTimeout(socket.timeout ?? 0)
  })
}

/**
 * Whether somebody is waiting for more of the body. A reader that is busy with what has arrived has paused
 * the socket, or not started.
 */
const isAwaited = ({ complete, readableFlowing, socket }: IncomingMessage): boolean =>
  !complete && readableFlowing === true && !socket.isPaused()
