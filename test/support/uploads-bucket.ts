import { type Relay, startRelay } from './relay.js'
import { type Bucket, type Swift, startSwift } from './swift.js'

/** The uploads of several processes: a bucket of an S3 server, behind a network that can fail. */
export class UploadsBucket {
  private constructor(
    readonly swift: Swift,
    readonly network: Relay,
    readonly bucket: Bucket,
  ) {}

  static async start(): Promise<UploadsBucket> {
    const swift = await startSwift()
    const network = await startRelay([Number(new URL(swift.endpoint).port)])
    return new UploadsBucket(swift, network, await swift.bucket())
  }

  /** What a process needs to use it. */
  get environment(): Readonly<Record<string, string>> {
    return {
      ...this.swift.env,
      AWS_ENDPOINT_URL: `http://127.0.0.1:${this.network.port}`,
      UPLOAD_STORE: `${this.bucket.url}/uploads`,
    }
  }

  /** The keys of the files, complete ones and those of which there is only something. */
  async files(): Promise<{ whole: string[]; incoming: string[] }> {
    const objects = await this.bucket.objects()
    const parts = await this.bucket.parts()
    const incoming = [...(await this.bucket.unfinished()), ...parts.filter((key) => !objects.includes(key))]
    return { whole: objects.map(nameOf).sort(), incoming: incoming.map(nameOf) }
  }

  removeFiles(): Promise<void> {
    return this.bucket.clear()
  }

  async end(): Promise<void> {
    await this.network.stop()
    await this.swift.stop()
  }
}

const nameOf = (key: string): string => key.split('/').at(-1) ?? ''
