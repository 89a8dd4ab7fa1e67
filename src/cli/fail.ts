import { ConfigError } from '../config.js'
import { DataDirInUse } from '../data-dir.js'
import { CannotListen } from '../service.js'

/** What a person could cause: told in a line, without a stack. */
const expected = [ConfigError, DataDirInUse, CannotListen]

/** Ends the process with exit code 1 and the error on stderr. */
export function fail(error: unknown): never {
  const known = expected.some((kind) => error instanceof kind)
  const text =
    error instanceof Error ? (known ? error.message : (error.stack ?? error.message)) : String(error)
  process.stderr.write(`intake: ${text}\n`)
  process.exit(1)
}
