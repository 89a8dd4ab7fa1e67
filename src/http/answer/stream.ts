import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { Turn } from '../turns.js'

export interface StreamOptions {
  /** The media type. */
  readonly type: string
  /** The name under which a browser saves it. */
  readonly fileName?: string
}

/**
 * Sends what is read piece by piece. An error before the first piece is thrown, to be answered like any
 * other; a later one ends the connection before the end of the response, which every client notices (RFC
 * 9112, 8). HEAD gets the same response, and nothing is read.
 *
 * @param begin what it returns is always ended, even if the client leaves early.
 * @param turn what has been worked on before.
 */
export async function sendStream(
  reply: FastifyReply,
  options: StreamOptions,
  begin: () => AsyncGenerator<string | Buffer>,
  turn = new Turn(),
): Promise<FastifyReply> {
  const readable = reply.request.method === 'HEAD' ? Readable.from([]) : await started(begin(), turn)
  endWithConnection(readable, reply.request.raw.socket)
  if (options.fileName !== undefined) {
    reply.header('content-disposition', `attachment; filename="${options.fileName}"`)
  }
  return reply.type(options.type).send(readable)
}

/** A response that waits behind another one on its connection does not get the connection's end. */
function endWithConnection(readable: Readable, socket: Socket): void {
  const end = () => readable.destroy()
  readable.once('close', () => socket.off('close', end))
  if (socket.destroyed) end()
  else socket.once('close', end)
}

const BUFFERED_BYTES = 64 * 1024

/**
 * A stream of a source whose first piece has been read. Not a generator: one that was never started would not
 * end its source.
 */
async function started<T>(source: AsyncGenerator<T>, turn: Turn): Promise<Readable> {
  const first = await source.next()
  let isFirst = true
  const next = async () => {
    if (isFirst) {
      isFirst = false
      return first
    }
    // While the client reads as fast as pieces are made, nothing else would get a turn.
    await turn.next()
    return await source.next()
  }
  const pieces = { [Symbol.asyncIterator]: () => ({ next, return: () => source.return(undefined) }) }
  // Counted in bytes, so that little is held for a client that reads nothing, however long the pieces are.
  return Readable.from(pieces, { objectMode: false, highWaterMark: BUFFERED_BYTES })
}
