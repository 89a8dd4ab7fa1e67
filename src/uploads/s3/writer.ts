import type { UploadWriter } from '../store.js'
import type { Bucket } from './bucket.js'
import { Multipart, type PartAddress } from './multipart.js'
import { newPart, PART_BYTES, type PartPlaces } from './parts.js'

/**
 * Writes an object: at once if it is small, else in parts. Parts are buffers, not streams, since a request
 * that fails is sent again.
 *
 * @param places for parts under way, of all writers of the process together.
 */
export function openWriter(bucket: Bucket, key: string, places: PartPlaces): UploadWriter {
  let part = newPart()
  let multipart: Multipart | undefined
  let size = 0
  let mayBeThere = false

  async function sendPart(): Promise<void> {
    multipart ??= await Multipart.start(bucket, key)
    const full = part
    const place = await places.take()
    part = place.buffer
    const send = async (address: PartAddress) => {
      let sent: typeof full | undefined
      try {
        const { ETag } = await bucket.request('UploadPart', (s3) =>
          s3.uploadPart({ ...address, Body: full.bytes }),
        )
        sent = full
        return ETag
      } finally {
        place.release(sent)
      }
    }
    await multipart.add(send).catch((error: unknown) => {
      // An earlier part failed, and this one is not sent.
      place.release(full)
      throw error
    })
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
