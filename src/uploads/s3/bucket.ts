import type { S3 } from '@aws-sdk/client-s3'
import { UploadMissing, UploadsAway } from '../store.js'
import { type Client, openClient } from './client.js'
import { requireProof } from './proof.js'
import { isRefused, whyAway } from './why-away.js'

/** How long a look at the bucket may take. */
const LOOK_MS = 5000
/** How long the bucket counts as available after an answer. */
const THERE_MS = 10_000

/** A request as it ended, for counting it. */
export interface S3Request {
  /** As S3 calls it: `PutObject`. */
  readonly action: string
  readonly outcome: 'done' | 'missing' | 'failed'
  readonly seconds: number
}

/** How a request fails if there is no such object; HEAD has no other word for a bucket that is missing. */
const MISSING = ['NoSuchKey', 'NotFound']

/** An upload in parts has ended, or was given up. */
export class NoSuchUpload extends UploadsAway {
  override name = 'NoSuchUpload'
}

/**
 * The objects of a bucket whose keys begin with a prefix. The SDK is loaded at the first request, so that a
 * service without S3 does not load it. Region, endpoint and credentials come from the SDK's environment
 * variables and files.
 */
export class Bucket {
  readonly name: string
  readonly #prefix: string
  readonly #emit: (request: S3Request) => void
  #client: Promise<Client> | undefined
  /** The last client whose credentials were refused. */
  #refused: Client | undefined
  #looking: Promise<void> | undefined
  #thereUntil = 0

  constructor(name: string, prefix: string, emit: (request: S3Request) => void) {
    this.name = name
    this.#prefix = prefix
    this.#emit = emit
  }

  /**
   * Makes a request.
   *
   * @param action the name of its operation in S3
   * @param givenUp ends a request whose answer nobody needs any more, which says nothing about S3
   * @throws UploadMissing, NoSuchUpload, or UploadsAway if anything else failed
   */
  async request<T>(action: string, send: (s3: S3) => Promise<T>, givenUp?: AbortSignal): Promise<T> {
    const from = performance.now()
    const ended = (outcome: S3Request['outcome']) =>
      this.#emit({ action, outcome, seconds: (performance.now() - from) / 1000 })
    let client: Client | undefined
    try {
      client = await this.#open()
      const result = await send(client.s3)
      requireProof(action, result)
      this.#thereUntil = performance.now() + THERE_MS
      ended('done')
      return result
    } catch (error) {
      if (givenUp?.aborted) throw new UploadsAway(`${action} was given up.`)
      const { name } = error as Error
      const isMissing = MISSING.includes(name)
      ended(isMissing ? 'missing' : 'failed')
      if (isMissing) throw new UploadMissing(`${action} in the bucket "${this.name}": ${name}.`)
      this.#thereUntil = 0
      if (isRefused(error)) this.#refuse(client)
      const target = { bucket: this.name, server: client?.server ?? 'S3' }
      const why = `The uploads are away: ${whyAway(error, action, target)}`
      throw name === 'NoSuchUpload' ? new NoSuchUpload(why) : new UploadsAway(why)
    }
  }

  /** @throws UploadsAway unless the bucket can be listed, or something in it was read or written just now */
  async requireThere(): Promise<void> {
    if (performance.now() < this.#thereUntil) return
    this.#looking ??= this.look().finally(() => {
      this.#looking = undefined
    })
    await this.#looking
  }

  /** @throws UploadsAway unless the bucket can be listed now */
  async look(): Promise<void> {
    const input = { Bucket: this.name, Prefix: this.#prefix, MaxKeys: 1 }
    await this.request('ListObjectsV2', (s3) =>
      s3.listObjectsV2(input, { abortSignal: AbortSignal.timeout(LOOK_MS) }),
    )
  }

  /** The time by the clock of S3, to within five minutes: so far it may be from ours before the SDK corrects it. */
  async now(): Promise<Date> {
    await this.look()
    const { s3 } = await this.#open()
    return new Date(Date.now() + s3.config.systemClockOffset)
  }

  async #open(): Promise<Client> {
    this.#client ??= openClient(this.#refused)
    try {
      return await this.#client
    } catch (error) {
      this.#client = undefined
      throw error
    }
  }

  /** The next request asks for credentials again: they may have been renewed. */
  #refuse(client: Client | undefined): void {
    if (this.#client === undefined || client === undefined || client === this.#refused) return
    this.#refused = client
    this.#client = undefined
  }
}
