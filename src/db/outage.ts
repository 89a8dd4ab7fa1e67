import { isLostNode, isRefusedCopy } from './errors.js'

/**
 * Errors that pass when the database is back, has room again, or the other transaction has ended. They say
 * nothing about the import, so it waits instead of failing. Classes and codes: PostgreSQL, appendix A.
 */
const PASSING = [
  /^08/, // connection exception
  /^25006$/, // read-only: a server that is no longer the primary
  /^25P03$/, // idle in transaction for too long: this process was stopped
  /^40/, // transaction rollback: serialization failure, deadlock
  /^53/, // insufficient resources: disk full, out of memory, too many connections
  /^55P03$/, // lock not available
  /^57P/, // operator intervention: shutdown, crash, starting up
  /^58030$/, // I/O error
]

const NETWORK = [
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ECONNABORTED',
]

/**
 * Whether an error of a database call means that the database is away or busy, rather than that the call is
 * wrong.
 */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code, syscall } = error as NodeJS.ErrnoException
  if (code === undefined)
    return /^(Connection terminated|timeout expired|timeout exceeded when trying to connect|Client has encountered)/.test(
      error.message,
    )
  // The socket of a server that is not running; other missing files are not the database's.
  if (code === 'ENOENT') return syscall === 'connect'
  if (NETWORK.includes(code)) return true
  // A node that goes away during a COPY, or what it says of the rows. Jobs ask again by INSERT.
  if (isRefusedCopy(error) || isLostNode(error)) return true
  return PASSING.some((pattern) => pattern.test(code))
}
