import type {
  ListMultipartUploadsCommandInput,
  ListMultipartUploadsCommandOutput,
  MultipartUpload,
} from '@aws-sdk/client-s3'
import { UploadMissing } from '../store.js'
import type { Bucket } from './bucket.js'
import { abortUpload, sizeOf } from './multipart.js'

/**
 * Removes uploads in parts that were started before a time and got no part since.
 *
 * @returns how many
 * @throws UploadsAway
 */
export async function removeUnfinishedUploads(bucket: Bucket, prefix: string, before: Date): Promise<number> {
  let removed = 0
  for await (const { Key, UploadId, Initiated } of unfinished(bucket, prefix)) {
    const upload = { Bucket: bucket.name, Key: Key ?? '', UploadId: UploadId ?? '' }
    if (!Initiated || Initiated >= before || (await hasPartSince(bucket, upload, before))) continue
    // Swift, killed as it completes an upload, lists one whose parts are the object's: ending it would break that.
    if (await isThere(bucket, upload.Key)) continue
    await abortUpload(bucket, upload)
    removed += 1
  }
  return removed
}

async function* unfinished(bucket: Bucket, Prefix: string): AsyncGenerator<MultipartUpload> {
  let input: ListMultipartUploadsCommandInput | undefined = { Bucket: bucket.name, Prefix }
  while (input) {
    const from: ListMultipartUploadsCommandInput = input
    const page: ListMultipartUploadsCommandOutput = await bucket.request('ListMultipartUploads', (s3) =>
      s3.listMultipartUploads(from),
    )
    yield* page.Uploads ?? []
    const { IsTruncated, NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page
    input = IsTruncated && KeyMarker ? { ...from, KeyMarker, UploadIdMarker } : undefined
  }
}

/** An upload of a large file over a slow line may take days. */
async function hasPartSince(
  bucket: Bucket,
  upload: { Bucket: string; Key: string; UploadId: string },
  time: Date,
): Promise<boolean> {
  let PartNumberMarker: string | undefined
  do {
    const input = { ...upload, ...(PartNumberMarker && { PartNumberMarker }) }
    const page = await bucket.request('ListParts', (s3) => s3.listParts(input))
    if (page.Parts?.some(({ LastModified }) => LastModified && LastModified >= time)) return true
    PartNumberMarker = page.IsTruncated ? page.NextPartNumberMarker : undefined
  } while (PartNumberMarker)
  return false
}

const isThere = (bucket: Bucket, key: string): Promise<boolean> =>
  sizeOf(bucket, key).then(
    () => true,
    (error: unknown) => {
      if (error instanceof UploadMissing) return false
      throw error
    },
  )
