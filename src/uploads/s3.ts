import { UUID_PATTERN } from '../schema/uuid.js'
import { Bucket, type S3Request } from './s3/bucket.js'
import { copyObject } from './s3/copy.js'
import { sizeOf } from './s3/multipart.js'
import { PartPlaces } from './s3/parts.js'
import { ObjectReader } from './s3/reader.js'
import { removeUnfinishedUploads } from './s3/unfinished.js'
import { openWriter, removeObject } from './s3/writer.js'
import { type StoredUpload, UploadMissing, type UploadStore } from './store.js'

export interface S3StoreOptions {
  /** `s3://bucket/prefix`, or `s3://bucket`; the store's id. */
  readonly url: string
  /**
   * Identifies the database, which is asked before the first file is touched. It is a part of every key: two
   * databases with one bucket would otherwise delete each other's files.
   */
  readonly identity: () => Promise<string>
  /** Receives each request, to be counted. */
  readonly emit: (request: S3Request) => void
}

/**
 * Stores uploads as objects `prefix/identity/key` in S3. An object is visible once it is complete, and S3
 * answers only when it is durable. Nothing is requested, and no library loaded, before the first call.
 */
export function openS3Store({ url, identity, emit }: S3StoreOptions): UploadStore {
  const [, name = '', prefix = ''] = /^s3:\/\/([^/]+)(?:\/(.+))?$/.exec(url) ?? []
  const before = prefix === '' ? '' : `${prefix}/`
  const bucket = new Bucket(name, before, emit)
  const places = new PartPlaces()
  let known: string | undefined
  const folder = async () => {
    known ??= await identity()
    return `${before}${known}/`
  }
  const objectOf = async (key: string) => (await folder()) + key

  return {
    id: url,
    requireThere: () => bucket.requireThere(),

    async create(key) {
      // The client of an upload should not have to send all of it to hear that it cannot be stored.
      await bucket.requireThere()
      return openWriter(bucket, await objectOf(key), places)
    },

    async open(key) {
      const object = await objectOf(key)
      const size = await sizeOf(bucket, object).catch((error: unknown) => {
        throw error instanceof UploadMissing ? missing(key, url) : error
      })
      return new ObjectReader(bucket, object, size)
    },

    async copy(from, to) {
      await copyObject(bucket, await objectOf(from), await objectOf(to)).catch((error: unknown) => {
        throw error instanceof UploadMissing ? missing(from, url) : error
      })
    },

    async remove(key) {
      await removeObject(bucket, await objectOf(key))
    },

    now: () => bucket.now(),

    async *list() {
      const Prefix = await folder()
      let ContinuationToken: string | undefined
      do {
        const input = { Bucket: name, Prefix, ...(ContinuationToken && { ContinuationToken }) }
        const page = await bucket.request('ListObjectsV2', (s3) => s3.listObjectsV2(input))
        for (const { Key, LastModified } of page.Contents ?? []) {
          const found = storedUpload(Key?.slice(Prefix.length), LastModified)
          if (found) yield found
        }
        ContinuationToken = page.IsTruncated ? page.NextContinuationToken : undefined
      } while (ContinuationToken)
    },

    removeUnfinished: async (until) => await removeUnfinishedUploads(bucket, await folder(), until),
  }
}

/** Undefined: an object that is not ours. */
const storedUpload = (key: string | undefined, modifiedAt: Date | undefined): StoredUpload | undefined =>
  key !== undefined && UUID_PATTERN.test(key) && modifiedAt ? { key, modifiedAt } : undefined

const missing = (key: string, url: string) => new UploadMissing(`The uploaded file ${key} is not in ${url}.`)
