import { UploadMissing } from '../store.js'
import { type Bucket, NoSuchUpload } from './bucket.js'

/** A part as it is sent: where it belongs. */
export interface PartAddress {
  readonly Bucket: string
  readonly Key: string
  readonly UploadId: string
  readonly PartNumber: number
}

/** Parts of one upload under way at once. */
const AT_ONCE = 2

/** An object that is sent in parts; it is there once all of them are, or not at all. */
export class Multipart {
  readonly #bucket: Bucket
  readonly #key: string
  readonly #uploadId: string
  readonly #sent: { readonly PartNumber: number; readonly ETag: string | undefined }[] = []
  readonly #sending = new Set<Promise<void>>()
  #count = 0
  #failure: unknown

  private constructor(bucket: Bucket, key: string, uploadId: string) {
    this.#bucket = bucket
    this.#key = key
    this.#uploadId = uploadId
  }

  /** @throws UploadsAway */
  static async start(bucket: Bucket, key: string): Promise<Multipart> {
    const { UploadId } = await bucket.request('CreateMultipartUpload', (s3) =>
      s3.createMultipartUpload({ Bucket: bucket.name, Key: key, ContentType: 'application/jsonl' }),
    )
    if (UploadId === undefined) throw new Error('S3 started an upload without an id.')
    return new Multipart(bucket, key, UploadId)
  }

  /**
   * Starts to send the next part as soon as there is a place for it.
   *
   * @param send returns its ETag. @throws what sending an earlier part threw
   */
  async add(send: (address: PartAddress) => Promise<string | undefined>): Promise<void> {
    while (this.#sending.size >= AT_ONCE) await Promise.race(this.#sending)
    if (this.#failure !== undefined) throw this.#failure
    this.#count += 1
    const PartNumber = this.#count
    const address = { Bucket: this.#bucket.name, Key: this.#key, UploadId: this.#uploadId, PartNumber }
    const sending = send(address)
      .then(
        (ETag) => void this.#sent.push({ PartNumber, ETag }),
        (error: unknown) => {
          this.#failure ??= error
        },
      )
      .finally(() => this.#sending.delete(sending))
    this.#sending.add(sending)
  }

  /** @param size of all parts, in bytes. @throws what sending a part threw; UploadsAway */
  async complete(size: number): Promise<void> {
    await Promise.all(this.#sending)
    if (this.#failure !== undefined) throw this.#failure
    const Parts = this.#sent.sort((a, b) => a.PartNumber - b.PartNumber)
    const { name: Bucket } = this.#bucket
    const [Key, UploadId] = [this.#key, this.#uploadId]
    await this.#bucket
      .request('CompleteMultipartUpload', (s3) =>
        s3.completeMultipartUpload({ Bucket, Key, UploadId, MultipartUpload: { Parts } }),
      )
      .catch(async (error: unknown) => {
        // If only the answer was lost, the upload is gone when the SDK asks again, and the object is there.
        if (!(error instanceof NoSuchUpload) || (await this.#sizeNow()) !== size) throw error
      })
  }

  /** The object's size; undefined: it is not there, so the upload was removed, as by a rule of the bucket. */
  async #sizeNow(): Promise<number | undefined> {
    return await sizeOf(this.#bucket, this.#key).catch((error: unknown) => {
      if (error instanceof UploadMissing) return undefined
      throw error
    })
  }

  /** Removes what was sent. @throws UploadsAway */
  async abort(): Promise<void> {
    // A part that arrives afterwards would stay.
    await Promise.all(this.#sending)
    const { name: Bucket } = this.#bucket
    await abortUpload(this.#bucket, { Bucket, Key: this.#key, UploadId: this.#uploadId })
  }
}

/** Removes what was sent of an upload; one that is gone is not an error. @throws UploadsAway */
export async function abortUpload(
  bucket: Bucket,
  upload: { Bucket: string; Key: string; UploadId: string },
): Promise<void> {
  await bucket
    .request('AbortMultipartUpload', (s3) => s3.abortMultipartUpload(upload))
    .catch((error: unknown) => {
      if (!(error instanceof NoSuchUpload)) throw error
    })
}

/** An object's size in bytes. @throws UploadMissing, UploadsAway */
export async function sizeOf(bucket: Bucket, key: string): Promise<number> {
  const { ContentLength } = await bucket
    .request('HeadObject', (s3) => s3.headObject({ Bucket: bucket.name, Key: key }))
    .catch(async (error: unknown) => {
      // The answer to HEAD does not say whether the object or its bucket is missing.
      if (error instanceof UploadMissing) await bucket.look()
      throw error
    })
  return ContentLength ?? 0
}
