import { Command } from 'commander'
import type { Pool } from '../../db/pool.js'
import { fail } from '../terminal/fail.js'
import { exitCodeOf, firstSignal } from '../terminal/signals.js'
import { outliveOutput, toJson, widthOf, wrap } from '../terminal/terminal.js'
import { type DatabaseFlags, type DatabaseOptions, withDatabase } from './find-database.js'

/** What a command found or did, for people and for programs. */
export interface Result {
  /** Sentences and tables, for a terminal with this many columns; undefined: not a terminal. */
  text(width: number | undefined): string
  /** What `--json` prints. */
  readonly json: unknown
}

/**
 * A result of a few sentences, and perhaps lines that are never wrapped, since they are meant to be copied.
 */
export const resultOf = (json: unknown, sentences: string, ...lines: readonly string[]): Result => ({
  json,
  text: (width) => [wrap(sentences, width), ...(lines.length > 0 ? [lines.join('\n')] : [])].join('\n\n'),
})

export interface CommonFlags extends DatabaseFlags {
  readonly json?: true
}

/**
 * A command that works on the database itself. Whoever may read the data directory, or knows DATABASE_URL,
 * may do anything.
 */
export function administer(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('--json', 'print JSON')
    .option('--data-dir <folder>', 'the data directory of the service (default: DATA_DIR, else ./data)')
    .option('--database-url <url>', 'the database, if the service has one (default: DATABASE_URL)')
    .showHelpAfterError('Add --help for help.')
}

/** Runs a command's work, prints its result, and sets the exit code: 1 for an error. */
export async function perform(
  flags: CommonFlags,
  work: (pool: Pool, signal: AbortSignal) => Promise<Result>,
  options: DatabaseOptions = {},
): Promise<void> {
  outliveOutput()
  // Caught, so that a database that was started for this is stopped again.
  const signal = firstSignal()
  try {
    const result = await withDatabase(flags, options, signal, (pool) => work(pool, signal))
    const output = flags.json ? toJson(result.json) : result.text(widthOf(process.stdout))
    process.stdout.write(`${output}\n`)
    if (signal.aborted) process.exitCode = exitCodeOf(signal.reason)
  } catch (error) {
    if (signal.aborted) process.exit(exitCodeOf(signal.reason))
    fail(error)
  }
}
