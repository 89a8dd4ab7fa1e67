import type { S3, S3ClientConfig } from '@aws-sdk/client-s3'

/** How long a connection may take, and how long a server may be silent, in ms. Silence counts per attempt. */
const CONNECT_MS = 5000
const SILENCE_MS = 20_000
const ATTEMPTS = 3

/** More than the transfers of a process at once: one that waits for a socket would count as silent. */
const MAX_SOCKETS = 512

/** The SDK's client, with the credentials that it found. */
export interface Client {
  readonly s3: S3
  /** As an operator knows the server: its URL, or Amazon S3. */
  readonly server: string
}

/**
 * Loads the SDK, and opens a client. Region, endpoint and credentials come from its environment variables and
 * files.
 *
 * @param last the one that it takes the place of, with credentials that are not valid any more: files with
 * credentials are read again, and connections are kept.
 */
export async function openClient(last?: Client): Promise<Client> {
  // The SDK warns of the end of Node 20; this version runs on it, and a log is not the place to say so.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
  const { S3 } = await import('@aws-sdk/client-s3')
  const { defaultProvider } = await import('@aws-sdk/credential-provider-node')
  const config = {
    maxAttempts: ATTEMPTS,
    requestHandler: last?.s3.config.requestHandler ?? {
      connectionTimeout: CONNECT_MS,
      socketTimeout: SILENCE_MS,
      httpAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
      httpsAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
    },
    // Otherwise a process would have read a file of credentials once for all.
    credentials: defaultProvider({ ignoreCache: true }),
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
