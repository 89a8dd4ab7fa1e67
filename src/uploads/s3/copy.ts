import type { Bucket } from './bucket.js'
import { Multipart, sizeOf } from './multipart.js'

/**
 * What is copied by one request. S3 allows 5 GiB, but servers that say nothing until they have copied it would
 * seem to hang.
 */
const COPY_BYTES = 64 * 2 ** 20

/** Copies an object within its bucket, without its bytes passing through here. @throws UploadMissing, UploadsAway */
export async function copyObject(bucket: Bucket, from: string, to: string): Promise<void> {
  const { name: Bucket } = bucket
  const CopySource = [Bucket, ...from.split('/')].map(encodeURIComponent).join('/')
  const size = await sizeOf(bucket, from)
  if (size <= COPY_BYTES) {
    await bucket.request('CopyObject', (s3) => s3.copyObject({ Bucket, Key: to, CopySource }))
    return
  }
  const multipart = await Multipart.start(bucket, to)
  try {
    for (let start = 0; start < size; start += COPY_BYTES) {
      const CopySourceRange = `bytes=${start}-${Math.min(start + COPY_BYTES, size) - 1}`
      await multipart.add(async (address) => {
        const { CopyPartResult } = await bucket.request('UploadPartCopy', (s3) =>
          s3.uploadPartCopy({ ...address, CopySource, CopySourceRange }),
        )
        return CopyPartResult?.ETag
      })
    }
    await multipart.complete(size)
  } catch (error) {
    // What cannot be removed now is removed later, by age.
    await multipart.abort().catch(() => {})
    throw error
  }
}
