import type pg from 'pg'
import { parse } from 'pg-connection-string'
import { StartError } from '../start-error.js'

/**
 * How to reach the database: a URL, or a socket's directory and a database's name. Plain data, so that it can
 * be passed to a thread.
 */
export type Connection = (
  | { readonly connectionString: string }
  | {
      readonly host: string
      readonly port: number
      readonly user: string
      readonly database: string
      readonly ssl: false
    }
) & {
  /**
   * The schema of the tables, once `migrate` has decided it. Unset: the first one of the session's
   * search_path.
   */
  schema?: string
}

/** The connection settings that `pg` needs. @throws StartError if the URL cannot be used */
export function addressOf(connection: Connection): pg.ClientConfig {
  ignoreEnvironment()
  if (!('connectionString' in connection)) {
    const { host, port, user, database, ssl } = connection
    return { host, port, user, database, ssl, sslnegotiation: 'postgres' }
  }
  return parsed(connection.connectionString)
}

/**
 * `pg` takes from the environment what its configuration leaves out, and this cannot be turned off. Names,
 * passwords and TLS may come from there; what changes the behavior of sessions must not, whatever other
 * program it was set for.
 */
function ignoreEnvironment(): void {
  for (const name of ['PGOPTIONS', 'PGREPLICATION', 'PGCLIENTENCODING', 'PGBINARY']) delete process.env[name]
}

/**
 * The parameters of a URL that say where to connect, and as whom. The settings of sessions are ours to
 * decide.
 */
const ADDRESS = ['host', 'port', 'user', 'password', 'database', 'ssl', 'sslnegotiation'] as const

function parsed(url: string): pg.ClientConfig {
  let parameters: ReturnType<typeof parse>
  try {
    parameters = parse(withPlainSslMode(url))
  } catch (error) {
    const { code, path, message } = error as NodeJS.ErrnoException
    throw new StartError(
      code !== undefined && path !== undefined
        ? `DATABASE_URL names the file ${path}, which cannot be read (${code}). Correct its sslrootcert, sslcert or sslkey.`
        : `DATABASE_URL cannot be read (${message}). It takes a URL such as postgresql://user:password@host:5432/database; special characters in a user name or password must be percent-encoded.`,
    )
  }
  const config: Record<string, unknown> = {}
  for (const name of ADDRESS) if (parameters[name]) config[name] = parameters[name]
  if (parameters.ssl === false) config.ssl = false
  // The operator's way to choose a schema; everything else that is set there is overridden by
  // `prepareSession`.
  if (parameters.options) config.options = parameters.options
  if (parameters.application_name) config.application_name = parameters.application_name
  return config
}

/**
 * `pg` treats the modes `prefer`, `require` and `verify-ca` as `verify-full`, and prints a paragraph about
 * its next version for each. So they are passed as what they are, unless the URL asks for the meaning that
 * they have in libpq.
 */
const withPlainSslMode = (url: string): string =>
  /[?&]uselibpqcompat=true(&|$)/.test(url)
    ? url
    : url.replace(/([?&]sslmode=)(prefer|require|verify-ca)(?=&|#|$)/g, '$1verify-full')
