import type { FastifyReply } from 'fastify'
import { type StreamOptions, sendStream } from '../../../http/answer/stream.js'
import { fileGone } from '../../../http/errors.js'
import type { Import } from '../../../imports/import.js'
import { UploadMissing, type UploadReader, type UploadStore } from '../../../uploads/store.js'

/** Sends what is made from an import's file, and closes it. @throws HttpError 410 if the file is not there */
export async function sendFromUpload(
  reply: FastifyReply,
  options: StreamOptions,
  store: UploadStore,
  { id }: Import,
  make: (reader: UploadReader) => AsyncGenerator<string | Buffer>,
): Promise<FastifyReply> {
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
