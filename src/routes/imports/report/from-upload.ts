import type { FastifyReply } from 'fastify'
import { type StreamOptions, sendStream } from '../../../http/answer/stream.js'
import { fileElsewhere, fileGone } from '../../../http/errors.js'
import type { Import } from '../../../imports/import.js'
import { UploadMissing, type UploadReader } from '../../../uploads/store.js'
import type { UploadStores } from '../../../uploads/stores.js'

/**
 * Sends what is made from an import's file, and closes it.
 *
 * @throws HttpError 410 if the file is gone; 503 if only another process has it
 */
export async function sendFromUpload(
  reply: FastifyReply,
  options: StreamOptions,
  stores: UploadStores,
  { id, uploadStore }: Import,
  make: (reader: UploadReader) => AsyncGenerator<string | Buffer>,
): Promise<FastifyReply> {
  const store = stores.of(uploadStore)
  if (!store) throw fileElsewhere()
  const reader = await store.open(id).catch((error: unknown) => {
    throw error instanceof UploadMissing ? fileGone() : error
  })
  if (reply.request.method === 'HEAD') await reader.close()
  return await sendStream(reply, options, () => thenClose(reader, make(reader)))
}

async function* thenClose<T>(reader: UploadReader, pieces: AsyncGenerator<T>): AsyncGenerator<T> {
  try {
    yield* pieces
  } finally {
    await reader.close()
  }
}
