import { StartError } from '../start-error.js'
import type { Connection } from './connection.js'
import { isOutage } from './outage.js'

/** The database is away: its address is right, so it may be available soon. */
export class DatabaseAway extends StartError {
  override name = 'DatabaseAway'
}

/** Another process has been migrating the database for a while. */
export class MigratedElsewhere extends DatabaseAway {
  override name = 'MigratedElsewhere'
}

/** The server is available but lacks what is needed, which may still come while it is being set up. */
export class DatabaseNotSetUp extends StartError {
  override name = 'DatabaseNotSetUp'
}

/** PostgreSQL, appendix A: `invalid_catalog_name`. */
const NO_SUCH_DATABASE = '3D000'

/**
 * PostgreSQL, appendix A: `protocol_violation`. PgBouncer gives this code to whatever it refuses by itself,
 * for now or for good; only the text differs.
 */
const REFUSED_BY_POOLER = '08P01'

/**
 * What PgBouncer 1.18 and newer say about an address that is wrong for as long as it stays the same. Each way
 * of authentication has its own word before "authentication failed", in quotes or not.
 */
const REFUSED_FOR_GOOD =
  /^(unsupported startup parameter|no such user|not allowed$)|authentication failed$|login rejected$/

/** The same for a database that nobody has created or configured yet. */
const UNKNOWN_TO_POOLER = /^(database ".*" does not exist|no such database)/

/** PostgreSQL, appendix A: `too_many_connections`. */
const TOO_MANY_CONNECTIONS = '53300'

/**
 * OpenSSL's codes for a certificate signed by an unknown authority (Node's documentation of TLS, "X509
 * certificate error codes").
 */
const UNKNOWN_AUTHORITY = [
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_UNTRUSTED',
]

/** Node's code for a certificate with another name. */
const OTHER_NAME = 'ERR_TLS_CERT_ALTNAME_INVALID'

/** The error of a start whose connection could not be opened. */
export function unreachable(error: Error, connection: Connection): StartError {
  if (error instanceof StartError) return error
  const { code = '' } = error as NodeJS.ErrnoException
  const Kind = kindOf(error, code)
  const name = 'host' in connection ? `in ${connection.host}` : 'of DATABASE_URL'
  const remedy = remedyOf(error, code)
  return new Kind(
    `The database ${name} cannot be reached: ${reasonOf(error)}.${remedy === undefined ? '' : ` ${remedy}`}`,
  )
}

function kindOf(error: Error, code: string): typeof StartError {
  const isByPooler = code === REFUSED_BY_POOLER
  if (code === NO_SUCH_DATABASE || (isByPooler && UNKNOWN_TO_POOLER.test(error.message)))
    return DatabaseNotSetUp
  if (isByPooler && REFUSED_FOR_GOOD.test(error.message)) return StartError
  return isOutage(error) ? DatabaseAway : StartError
}

/** What to do about a connection that could not be opened, if there is specific advice. */
function remedyOf({ message }: Error, code: string): string | undefined {
  if (code === REFUSED_BY_POOLER && /^unsupported startup parameter.*\boptions\b/.test(message)) {
    return 'A pooler passes on no options: remove them from DATABASE_URL, and set the search_path for the role (alter role … in database … set search_path to …).'
  }
  if (UNKNOWN_AUTHORITY.includes(code)) {
    return (
      "This machine does not know who signed the server's certificate: give the authority's certificate with sslrootcert=/path/to/ca.pem in DATABASE_URL, " +
      'or for all connections of the process with the environment variable NODE_EXTRA_CA_CERTS.'
    )
  }
  if (code === OTHER_NAME) return 'In DATABASE_URL, use a name of the server that is in its certificate.'
  if (code === TOO_MANY_CONNECTIONS) return 'Allow the server, the database or the role more connections.'
  return undefined
}

/** Why a connection failed. For a host with several addresses, Node says only that all of them failed. */
export function reasonOf(error: Error): string {
  const [first] = error instanceof AggregateError ? (error.errors as Error[]) : [error]
  const { message, code } = (first ?? error) as NodeJS.ErrnoException
  return message || code || error.name
}
