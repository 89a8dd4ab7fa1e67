import { StartError } from '../start-error.js'

/** The settings of the service (contract 1). */
export interface Config {
  readonly host: string
  readonly port: number
  /** Absolute path. */
  readonly dataDir: string
  /** Unset: the embedded PostgreSQL under `dataDir`. */
  readonly databaseUrl: string | undefined
  /** Whether this process leaves imports, deliveries and retention to others. */
  readonly apiOnly: boolean
  /** Whether this process leaves requests to others. */
  readonly workerOnly: boolean
  /** `s3://bucket/prefix`, without a slash at the end. Unset: the folder of uploads in `dataDir`. */
  readonly uploadStore: string | undefined
  /** Unset: the one that `dataDir` keeps, generated at the first start. */
  readonly apiKey: string | undefined
  readonly maxUploadBytes: number
  readonly maxLineBytes: number
  readonly maxRecords: number | undefined
  /** Uploads that this process takes at once. */
  readonly maxUploads: number
  /** Downloads and other long answers that this process sends to one owner at once. */
  readonly maxDownloads: number
  /** How many imports of one owner may be `pending`. */
  readonly maxWaitingImports: number
  /** Requests per second of one API key or client. */
  readonly rateLimit: number
  /** Wrong secrets per minute from one address. */
  readonly wrongSecretLimit: number
  /** Addresses and networks, joined by commas. Unset: nobody is trusted to name a client's address. */
  readonly trustedProxies: string | undefined
  readonly maxConnections: number
  /** The time limit of a request's headers, and of its body unless it is an upload. */
  readonly requestTimeoutSeconds: number
  /** The idle time limit of a connection with a request under way. */
  readonly idleTimeoutSeconds: number
  /** The time limit of one statement of a request. */
  readonly statementTimeoutSeconds: number
  /** How many days an import's file and report are kept after its end; 0: forever. */
  readonly retentionDays: number
  /** Whether webhooks may have addresses that are not public. */
  readonly allowPrivateWebhooks: boolean
  readonly logLevel: string
}

/** An invalid setting. The message names it and says what it takes. */
export class ConfigError extends StartError {
  override name = 'ConfigError'
}
