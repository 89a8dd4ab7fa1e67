import { resolve } from 'node:path'
import type { Config } from './config.js'
import {
  addresses,
  apiKey,
  byteSize,
  databaseUrl,
  days,
  logLevel,
  text,
  uploadStore,
  wholeNumber,
  yesOrNo,
} from './values.js'

interface Setting {
  readonly key: keyof Config
  readonly variable: string
  readonly flag: string
  readonly placeholder: string
  readonly description: string
  readonly default?: string
  /** Whether the flag takes no value: it stands for `true`. */
  readonly isSwitch?: true
  readonly parse: (text: string) => string | number | boolean
}

/** A record's id has room for the number of a line below 2^36, and a file has no more lines than bytes. */
const LARGEST_UPLOAD = 64 * 2 ** 30

/** Every setting, once: as an environment variable and as a flag of `intake serve`. */
export const settings: readonly Setting[] = [
  {
    key: 'host',
    variable: 'HOST',
    flag: '--host',
    placeholder: '<address>',
    description: 'the address that HTTP listens on',
    default: '127.0.0.1',
    parse: text,
  },
  {
    key: 'port',
    variable: 'PORT',
    flag: '--port',
    placeholder: '<number>',
    description: 'the port that HTTP listens on; 0: any free one',
    default: '8080',
    parse: wholeNumber(0, 65_535),
  },
  {
    key: 'dataDir',
    variable: 'DATA_DIR',
    flag: '--data-dir',
    placeholder: '<folder>',
    description: 'the folder of the embedded database, the uploads and the default API key',
    default: './data',
    parse: (value) => resolve(text(value)),
  },
  {
    key: 'databaseUrl',
    variable: 'DATABASE_URL',
    flag: '--database-url',
    placeholder: '<url>',
    description: 'a PostgreSQL 15+ database to use instead of the embedded one',
    parse: databaseUrl,
  },
  {
    key: 'apiOnly',
    variable: 'API_ONLY',
    flag: '--api-only',
    placeholder: '<true|false>',
    description:
      'leave imports, webhooks and retention to other processes; needs an UPLOAD_STORE that all can reach',
    default: 'false',
    isSwitch: true,
    parse: yesOrNo,
  },
  {
    key: 'workerOnly',
    variable: 'WORKER_ONLY',
    flag: '--worker-only',
    placeholder: '<true|false>',
    description:
      'leave requests to other processes, but for /healthz, /readyz and /metrics; needs an UPLOAD_STORE that all can reach',
    default: 'false',
    isSwitch: true,
    parse: yesOrNo,
  },
  {
    key: 'uploadStore',
    variable: 'UPLOAD_STORE',
    flag: '--upload-store',
    placeholder: '<url>',
    description:
      'where files are stored: s3://bucket/prefix, which several processes can share (default: the data directory)',
    parse: uploadStore,
  },
  {
    key: 'apiKey',
    variable: 'API_KEY',
    flag: '--api-key',
    placeholder: '<key>',
    description: "the default store's API key, instead of a generated one",
    parse: apiKey,
  },
  {
    key: 'maxUploadBytes',
    variable: 'MAX_UPLOAD_BYTES',
    flag: '--max-upload-bytes',
    placeholder: '<size>',
    description: 'the largest size of an import file',
    default: '10GiB',
    parse: byteSize(1, LARGEST_UPLOAD),
  },
  {
    key: 'maxLineBytes',
    variable: 'MAX_LINE_BYTES',
    flag: '--max-line-bytes',
    placeholder: '<size>',
    description: 'the largest size of a line of it',
    default: '1MiB',
    parse: byteSize(1, 64 * 2 ** 20),
  },
  {
    key: 'maxRecords',
    variable: 'MAX_RECORDS',
    flag: '--max-records',
    placeholder: '<number>',
    description: 'the most records in one file (default: no limit)',
    parse: wholeNumber(1, Number.MAX_SAFE_INTEGER),
  },
  {
    key: 'maxUploads',
    variable: 'MAX_UPLOADS',
    flag: '--max-uploads',
    placeholder: '<number>',
    description: 'the most uploads at once; more are answered 429',
    default: '100',
    parse: wholeNumber(1, 10_000),
  },
  {
    key: 'maxDownloads',
    variable: 'MAX_DOWNLOADS',
    flag: '--max-downloads',
    placeholder: '<number>',
    description:
      'the most downloads and long responses at once for one store or organization; more are answered 429',
    default: '10',
    parse: wholeNumber(1, 10_000),
  },
  {
    key: 'maxWaitingImports',
    variable: 'MAX_WAITING_IMPORTS',
    flag: '--max-waiting-imports',
    placeholder: '<number>',
    description: 'the most pending imports of one store or organization; more are answered 409',
    default: '1000',
    parse: wholeNumber(1, 1_000_000),
  },
  {
    key: 'rateLimit',
    variable: 'RATE_LIMIT',
    flag: '--rate-limit',
    placeholder: '<number>',
    description: 'the most requests per second of one API key or client; more are answered 429',
    default: '10000',
    parse: wholeNumber(1, 1_000_000),
  },
  {
    key: 'wrongSecretLimit',
    variable: 'WRONG_SECRET_LIMIT',
    flag: '--wrong-secret-limit',
    placeholder: '<number>',
    description: 'the most wrong secrets per minute from one address; then unknown ones are answered 429',
    default: '1000',
    parse: wholeNumber(1, 1_000_000),
  },
  {
    key: 'trustedProxies',
    variable: 'TRUSTED_PROXIES',
    flag: '--trusted-proxies',
    placeholder: '<addresses>',
    description:
      'the proxies whose X-Forwarded-For, -Host and -Proto are trusted, as addresses and networks: 127.0.0.1,10.0.0.0/8 (default: none)',
    parse: addresses,
  },
  {
    key: 'maxConnections',
    variable: 'MAX_CONNECTIONS',
    flag: '--max-connections',
    placeholder: '<number>',
    description: 'the most HTTP connections; more are closed',
    default: '1000',
    parse: wholeNumber(1, 1_000_000),
  },
  {
    key: 'requestTimeoutSeconds',
    variable: 'REQUEST_TIMEOUT',
    flag: '--request-timeout',
    placeholder: '<seconds>',
    description: 'the time limit for the headers of a request, and for its body unless it is an upload',
    default: '30',
    parse: wholeNumber(1, 3600),
  },
  {
    key: 'idleTimeoutSeconds',
    variable: 'IDLE_TIMEOUT',
    flag: '--idle-timeout',
    placeholder: '<seconds>',
    description: 'how long a connection with a request under way, including uploads, may be silent',
    default: '60',
    parse: wholeNumber(1, 3600),
  },
  {
    key: 'statementTimeoutSeconds',
    variable: 'STATEMENT_TIMEOUT',
    flag: '--statement-timeout',
    placeholder: '<seconds>',
    description: 'the time limit for one statement of a request in the database',
    default: '30',
    parse: wholeNumber(1, 3600),
  },
  {
    key: 'retentionDays',
    variable: 'RETENTION_DAYS',
    flag: '--retention-days',
    placeholder: '<days>',
    description: 'how long the file and the errors of an import are kept after its end; none or 0: forever',
    default: '30',
    parse: days,
  },
  {
    key: 'allowPrivateWebhooks',
    variable: 'ALLOW_PRIVATE_WEBHOOKS',
    flag: '--allow-private-webhooks',
    placeholder: '<true|false>',
    description: 'whether webhooks may have private addresses, of this machine or its network',
    default: 'false',
    parse: yesOrNo,
  },
  {
    key: 'logLevel',
    variable: 'LOG_LEVEL',
    flag: '--log-level',
    placeholder: '<level>',
    description: 'what is logged to stderr: fatal, error, warn, info, debug, trace or silent',
    default: 'info',
    parse: logLevel,
  },
]
