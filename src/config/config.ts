import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { StartError } from '../start-error.js'

/** The settings of the service (contract 1). */
export interface Config {
  readonly host: string
  readonly port: number
  /** Absolute path. */
  readonly dataDir: string
  /** Unset: the embedded PostgreSQL under `dataDir`. */
  readonly databaseUrl: string | undefined
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
  /** How many days an import's file and report are kept after its end; 0: for ever. */
  readonly retentionDays: number
  /** Whether webhooks may have addresses that are not public. */
  readonly allowPrivateWebhooks: boolean
  readonly logLevel: string
}

/** An invalid setting. The message names it and says what it takes. */
export class ConfigError extends StartError {
  override name = 'ConfigError'
}

interface Setting {
  readonly key: keyof Config
  readonly variable: string
  readonly flag: string
  readonly placeholder: string
  readonly description: string
  readonly default?: string
  readonly parse: (text: string) => string | number | boolean
}

const UNITS: Readonly<Record<string, number>> = { '': 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 }

/** A record's id has room for the number of a line below 2^36, and a file has no more lines than bytes. */
const LARGEST_UPLOAD = 64 * 2 ** 30

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

function wholeNumber(minimum: number, maximum: number) {
  return (text: string): number => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (!(number >= minimum && number <= maximum)) {
      throw new ConfigError(`takes a whole number from ${minimum} to ${maximum}`)
    }
    return number
  }
}

function byteSize(minimum: number, maximum: number) {
  return (text: string): number => {
    const [, digits = '', unit = ''] = /^(\d+) ?(KiB|MiB|GiB|)$/.exec(text) ?? []
    const bytes = digits === '' ? Number.NaN : Number(digits) * (UNITS[unit] ?? Number.NaN)
    if (!(bytes >= minimum && bytes <= maximum)) {
      throw new ConfigError(
        `takes a number of bytes from ${minimum} to ${maximum}, such as 1048576, 512KiB or 10GiB`,
      )
    }
    return bytes
  }
}

function text(text: string): string {
  if (text === '') throw new ConfigError('must not be empty')
  return text
}

function yesOrNo(text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new ConfigError('takes true or false')
  return text === 'true'
}

function databaseUrl(text: string): string {
  if (!/^postgres(ql)?:\/\//.test(text)) {
    throw new ConfigError('takes a URL such as postgresql://user:password@host:5432/database')
  }
  return text
}

function apiKey(text: string): string {
  if (!/^[\x21-\x7e]{1,512}$/.test(text)) {
    throw new ConfigError('takes 1 to 512 visible ASCII characters')
  }
  return text
}

/** Addresses and networks: `127.0.0.1,10.0.0.0/8,fd00::/8`. */
function addresses(text: string): string {
  const isNetwork = (one: string): boolean => {
    const [address = '', bits, ...more] = one.split('/')
    const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
    return most > 0 && more.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && +bits <= most))
  }
  const given = text.split(',').map((one) => one.trim())
  if (!given.every(isNetwork)) {
    throw new ConfigError('takes addresses and networks joined by commas, such as 127.0.0.1,10.0.0.0/8')
  }
  return given.join(',')
}

function days(text: string): number {
  if (text === 'none') return 0
  if (!/^\d{1,5}$/.test(text)) throw new ConfigError('takes a whole number of days up to 99999, or none')
  return Number(text)
}

function logLevel(text: string): string {
  if (!LOG_LEVELS.includes(text)) throw new ConfigError(`takes one of ${LOG_LEVELS.join(', ')}`)
  return text
}

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

/** Reads the settings: a flag wins over its environment variable, and that over the default. An empty variable counts as unset.
 *
 * @throws ConfigError, naming the setting and what it takes.
 */
export function readConfig(
  flags: Readonly<Partial<Record<keyof Config, string>>>,
  environment: Readonly<Record<string, string | undefined>>,
): Config {
  const config: Partial<Record<keyof Config, string | number | boolean | undefined>> = {}
  for (const { key, variable, flag, parse, default: preset } of settings) {
    const fromFlag = flags[key]
    const given = fromFlag ?? (environment[variable] || preset)
    try {
      config[key] = given === undefined ? undefined : parse(given)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      const shown = key === 'apiKey' || key === 'databaseUrl' ? '' : `; it is "${given}"`
      throw new ConfigError(`${fromFlag === undefined ? variable : flag} ${error.message}${shown}.`)
    }
  }
  return Object.freeze(config) as unknown as Config
}
