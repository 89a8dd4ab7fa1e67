import type { S3, S3ClientConfig } from '@aws-sdk/client-s3'
import { UploadMissing, UploadsAway } from '../store.js'
import { whyAway } from './why-away.js'

/** How long a connection may take, and how long a server may be silent, in ms. Silence counts per attempt. */
const CONNECT_MS = 5000
const SILENCE_MS = 20_000
const ATTEMPTS = 3

/** More than the transfers of a process at once: one that waits for a socket would count as silent. */
const MAX_SOCKETS = 512

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
 * The objects of a bucket whose keys begin with a prefix. The SDK is loaded at the first request, so that a service without S3 does not
 * load it. Region, endpoint and credentials come from the SDK's environment variables and files.
 */
export class Bucket {
  readonly name: string
  readonly #prefix: string
  readonly #emit: (request: S3Request) => void
  #client: Promise<Client> | undefined
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
   * @throws UploadMissing, NoSuchUpload, or UploadsAway if anything else failed
   */
  async request<T>(action: string, send: (s3: S3) => Promise<T>): Promise<T> {
    const from = performance.now()
    const ended = (outcome: S3Request['outcome']) =>
      this.#emit({ action, outcome, seconds: (performance.now() - from) / 1000 })
    let client: Client | undefined
    try {
      client = await this.#open()
      const result = await send(client.s3)
      this.#thereUntil = performance.now() + THERE_MS
      ended('done')
      return result
    } catch (error) {
      const { name } = error as Error
      const isMissing = MISSING.includes(name)
      ended(isMissing ? 'missing' : 'failed')
      if (isMissing) throw new UploadMissing(`${action} in the bucket "${this.name}": ${name}.`)
      this.#thereUntil = 0
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

  async #open(): Promise<Client> {
    this.#client ??= openClient()
    try {
      return await this.#client
    } catch (error) {
      this.#client = undefined
      throw error
    }
  }
}

interface Client {
  readonly s3: S3
  readonly server: string
}

async function openClient(): Promise<Client> {
  // The SDK warns of the end of Node 20; this version runs on it, and a log is not the place to say so.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
  const { S3 } = await import('@aws-sdk/client-s3')
  const config = {
    maxAttempts: ATTEMPTS,
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      socketTimeout: SILENCE_MS,
      httpAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
      httpsAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
    },
    // Many servers do not know the checksums that newer SDKs send and expect.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  } satisfies S3ClientConfig
  const ofAmazon = new S3(config)
  const endpoint = await endpointOf(ofAmazon)
  if (endpoint === undefined) {
    const region = await ofAmazon.config.region()
    return { s3: ofAmazon, server: `Amazon S3 (${region})` }
  }
  ofAmazon.destroy()
  // Other servers seldom have a name for each bucket, nor regions.
  const region = process.env.AWS_REGION || (await ofAmazon.config.region().catch(() => 'us-east-1'))
  const s3 = new S3({ ...config, region, forcePathStyle: true })
  return { s3, server: withoutSecrets(endpoint) }
}

/** The endpoint that the environment or the files of the SDK name; undefined: Amazon's own. */
const endpointOf = async ({ config }: S3): Promise<string | undefined> =>
  await config.serviceConfiguredEndpoint?.()

function withoutSecrets(endpoint: string): string {
  const url = new URL(endpoint)
  return url.origin + url.pathname.replace(/\/$/, '')
}
