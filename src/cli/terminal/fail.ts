import { StartError } from '../../start-error.js'

/**
 * Why a command could not do what it was asked to. The message is whole sentences for the person who asked.
 */
export class CommandError extends Error {
  override name = 'CommandError'
}

export const missingDatabase = (folder: string): string => `There is no database in ${folder}.`

export const noDatabaseIn = (folder: string) =>
  new CommandError(
    `${missingDatabase(folder)} Give the data directory of the service with --data-dir or DATA_DIR, ` +
      'or start the service there for the first time.',
  )

/** Errors that a person can cause: shown in a line, without a stack. */
const expected = [CommandError, StartError]

/** The operating system's refusals that a person can fix. Its message names the file. */
const refusals = ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'ENOTDIR', 'EEXIST']

/** Ends the process with exit code 1 and the error on stderr. */
export function fail(error: unknown): never {
  process.stderr.write(`intake: ${textOf(error)}\n`)
  process.exit(1)
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return isExpected(error) ? error.message : (error.stack ?? error.message)
}

/** Whether its message is a sentence that a person can act on. */
export function isExpected(error: NodeJS.ErrnoException): boolean {
  const isRefusal = error.path !== undefined && refusals.includes(error.code ?? '')
  return isRefusal || expected.some((kind) => error instanceof kind)
}
