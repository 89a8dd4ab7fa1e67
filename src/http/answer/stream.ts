import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { Turn } from '../turns.js'

interface StreamOptions {
  /** The media type. */
  readonly type: string
  /** Under which name a browser saves it. */
  readonly fileName?: string
}

/**
 * Answers what is read piece by piece. What goes wrong before the first piece is thrown, to be answered like any other error;
 * what goes wrong after it ends the connection before the answer's end, which every client notices (RFC 9112, 8).
 * To HEAD the same is answered, and nothing is read.
 *
 * @param begin what it returns is always ended, also when the client leaves early.
 * @param turn what has been worked on before.
 */
export async function sendStream(
  reply: FastifyReply,
  options: StreamOptions,
  begin: () => AsyncGenerator<string | Buffer>,
  turn = new Turn(),
): Promise<FastifyReply> {
  const readable = reply.request.method === 'HEAD' ? Readable.from([]) : await begun(begin(), turn)
  if (options.fileName !== undefined) {
    reply.header('content-disposition', `attachment; filename="${options.fileName}"`)
  }
  return reply.type(options.type).send(readable)
}

const BUFFERED_BYTES = 64 * 1024

/** A stream of a source whose first piece is there. Not by a generator: one that was not begun would not end its source. */
async function begun<T>(source: AsyncGenerator<T>, turn: Turn): Promise<Readable> {
  const first = await source.next()
  let isFirst = true
  const next = async () => {
    if (isFirst) {
      isFirst = false
      return first
    }
    // As long as the client reads as fast as pieces are made, nothing else would be waited for.
    await turn.next()
    return await source.next()
  }
  const pieces = { [Symbol.asyncIterator]: () => ({ next, return: () => source.return(undefined) }) }
  // By bytes, so that a client that reads nothing has little held for it, however long the pieces are.
  return Readable.from(pieces, { objectMode: false, highWaterMark: BUFFERED_BYTES })
}
