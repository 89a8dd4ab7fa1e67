import { isIP } from 'node:net'
import { ConfigError } from './config.js'

/* How the value of a setting is read. Each throws ConfigError, which says what the setting takes. */

const UNITS: Readonly<Record<string, number>> = { '': 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 }

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

export function wholeNumber(minimum: number, maximum: number) {
  return (text: string): number => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (!(number >= minimum && number <= maximum)) {
      throw new ConfigError(`takes a whole number from ${minimum} to ${maximum}`)
    }
    return number
  }
}

export function byteSize(minimum: number, maximum: number) {
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

export function text(text: string): string {
  if (text === '') throw new ConfigError('must not be empty')
  return text
}

export function yesOrNo(text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new ConfigError('takes true or false')
  return text === 'true'
}

export function databaseUrl(text: string): string {
  if (!/^postgres(ql)?:\/\//.test(text)) {
    throw new ConfigError('takes a URL such as postgresql://user:password@host:5432/database')
  }
  return text
}

/** A bucket, and a prefix that is the same in any URL, without escapes and dots: `s3://bucket/prefix`. */
export function uploadStore(text: string): string {
  if (
    !/^s3:\/\/[A-Za-z0-9][A-Za-z0-9._-]{1,62}(\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+){0,20}\/?$/.test(text) ||
    text.length > 500
  ) {
    throw new ConfigError(
      'takes s3://bucket or s3://bucket/prefix, with letters, digits, ".", "_" and "-" (default: the data directory)',
    )
  }
  return text.replace(/\/$/, '')
}

export function apiKey(text: string): string {
  if (!/^[\x21-\x7e]{1,512}$/.test(text)) {
    throw new ConfigError('takes 1 to 512 visible ASCII characters')
  }
  return text
}

/** Addresses and networks: `127.0.0.1,10.0.0.0/8,fd00::/8`. */
export function addresses(text: string): string {
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

export function days(text: string): number {
  if (text === 'none') return 0
  if (!/^\d{1,5}$/.test(text)) throw new ConfigError('takes a whole number of days up to 99999, or none')
  return Number(text)
}

export function logLevel(text: string): string {
  if (!LOG_LEVELS.includes(text)) throw new ConfigError(`takes one of ${LOG_LEVELS.join(', ')}`)
  return text
}
