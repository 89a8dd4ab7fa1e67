import { v7 as uuidv7 } from 'uuid'
import type { UploadStore } from '../../uploads/store.js'
import { decompress } from '../file/decompress.js'
import { type ScanLimits, type ScannedFile, Scanner } from './scan.js'

/** A completely received file that is not yet an import. It has to become one, or be discarded. */
export interface Received {
  /** The key of the upload, and the id of the import. */
  readonly id: string
  readonly file: ScannedFile
}

/**
 * Streams a file to the upload store, decompressed, checking its lines on the way. On return the file is
 * durable. If it throws, nothing of it is left.
 *
 * @throws UnusableFile, DecompressesToTooMuch, and what the source stream throws.
 */
export async function receiveFile(
  store: UploadStore,
  limits: ScanLimits & { readonly maxUploadBytes: number },
  bytes: AsyncIterable<Buffer>,
): Promise<Received> {
  const id = uuidv7()
  const scanner = new Scanner(limits)
  const writer = await store.create(id)
  try {
    for await (const piece of decompress(bytes, limits.maxUploadBytes)) {
      const written = writer.write(piece)
      try {
        // While the piece is being written.
        scanner.push(piece)
      } finally {
        await written
      }
    }
    const file = scanner.end()
    await writer.commit()
    return { id, file }
  } catch (error) {
    await writer.abort()
    throw error
  }
}

/** Removes a received file that will not become an import. */
export const discard = (store: UploadStore, { id }: Received): Promise<void> => store.remove(id)
