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
  const Kind = code === NO_SUCH_DATABASE ? DatabaseNotSetUp : isOutage(error) ? DatabaseAway : StartError
  const name = 'host' in connection ? `in ${connection.host}` : 'of DATABASE_URL'
  const remedy = remedyOf(code)
  return new Kind(
    `The database ${name} cannot be reached: ${reasonOf(error)}.${remedy === undefined ? '' : ` ${remedy}`}`,
  )
}

/** What to do about a connection that could not be opened, if there is specific advice. */
function remedyOf(code: string): string | undefined {
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
