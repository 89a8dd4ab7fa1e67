import type { Semaphore } from 'async-mutex'
import { GrowingBuffer } from '../../bytes/growing-buffer.js'
import type { UploadWriter } from '../store.js'
import type { Bucket } from './bucket.js'
import { Multipart } from './multipart.js'

/** At least 5 MiB (S3), and 10,000 parts have to be enough for the largest file. */
export const PART_BYTES = 8 * 2 ** 20

/**
 * Writes an object: at once if it is small, else in parts. Parts are buffers, not streams, since a request
 * that fails is sent again; there are at most three of them, and they are used again.
 *
 * @param places for parts under way, of all writers of the process together.
 */
export function openWriter(bucket: Bucket, key: string, places: Semaphore): UploadWriter {
  const spare: GrowingBuffer[] = []
  let part = new GrowingBuffer(PART_BYTES)
  let multipart: Multipart | undefined
  let size = 0
  let mayBeThere = false

  async function sendPart(): Promise<void> {
    multipart ??= await Multipart.start(bucket, key)
    const full = part
    const release = await acquire()
    try {
      await multipart.add(async (address) => {
        try {
          const { ETag } = await bucket.request('UploadPart', (s3) =>
            s3.uploadPart({ ...address, Body: full.bytes }),
          )
          full.clear()
          spare.push(full)
          return ETag
        } finally {
          release()
        }
      })
    } catch (error) {
      release()
      throw error
    }
    part = spare.pop() ?? new GrowingBuffer(PART_BYTES)
  }

  /** Returns a function that gives the place back, once. */
  async function acquire(): Promise<() => void> {
    const [, release] = await places.acquire()
    return release
  }

  return {
    async write(bytes) {
      for (let from = 0; from < bytes.length; ) {
        if (part.length === PART_BYTES) await sendPart()
        const piece = bytes.subarray(from, from + PART_BYTES - part.length)
        part.add(piece)
        from += piece.length
      }
      size += bytes.length
    },

    async commit() {
      if (multipart && part.length > 0) await sendPart()
      mayBeThere = true
      if (multipart) return await multipart.complete(size)
      const { bytes } = part
      await bucket.request('PutObject', (s3) =>
        s3.putObject({ Bucket: bucket.name, Key: key, Body: bytes, ContentType: 'application/jsonl' }),
      )
    },

    async abort() {
      // What cannot be removed now is removed later, by age.
      await multipart?.abort().catch(() => {})
      if (mayBeThere) await removeObject(bucket, key).catch(() => {})
    },
  }
}

/** Removes an object; a missing one is not an error. @throws UploadsAway */
export async function removeObject(bucket: Bucket, key: string): Promise<void> {
  await bucket.request('DeleteObject', (s3) => s3.deleteObject({ Bucket: bucket.name, Key: key }))
}
