import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { requestsOn } from './requests.js'

/**
 * Gives up a connection on which nothing has moved for the server's timeout, if it is the client that is waited for. While the
 * server is the slow one, silence says nothing: a client that has sent everything waits for its answer.
 */
export function closeIdleConnections({ server }: FastifyInstance): void {
  server.on('timeout', (socket) => {
    const requests = requestsOn(socket)
    const isUntaken = socket.writableLength > 0
    if (isUntaken || requests.length === 0 || requests.some(isAwaited)) socket.destroy()
    else socket.setTimeout(socket.timeout ?? 0)
  })
}

/** Whether somebody waits for more of the body. One who is busy with what has come has paused the socket, or not begun. */
const isAwaited = ({ complete, readableFlowing, socket }: IncomingMessage): boolean =>
  !complete && readableFlowing === true && !socket.isPaused()
