import { type Command, InvalidArgumentError, Option } from 'commander'
import { fail, noDatabaseIn } from '../terminal/fail.js'
import { exitCodeOf, firstSignal } from '../terminal/signals.js'
import type { Style } from '../terminal/summary.js'
import { colorsOf, outliveOutput, widthOf } from '../terminal/terminal.js'
import { findServer, type Server, type ServerFlags } from './find-server.js'

export interface ServerCommandFlags extends ServerFlags {
  readonly json?: true
  readonly color: boolean
}

/** Adds the options of a command that talks to a server. */
export const withServerFlags = (command: Command): Command =>
  command
    .addOption(new Option('--url <url>', 'the server; needs --api-key or API_KEY').conflicts('dataDir'))
    .option('--api-key <key>', 'the API key (default: API_KEY, else the one that the data directory keeps)')
    .option('--data-dir <folder>', 'the data directory of the service (default: DATA_DIR, else ./data)')
    .option('--json', 'print JSON')
    .option('--no-color', 'no colours')

/** How the standard output is drawn. */
export const styleOf = ({ color }: { readonly color: boolean }): Style => ({
  colors: colorsOf(process.stdout, color),
  width: widthOf(process.stdout),
})

/** Reads an option's whole number. @throws InvalidArgumentError */
export function wholeNumber(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It is not a whole number.')
}

/** A mistyped data directory should not be created. */
const createNothing = async (folder: string) => {
  throw noDatabaseIn(folder)
}

/** Runs a command's work at a server, and sets the exit code: 1 for an error. */
export async function atServer(
  flags: ServerFlags,
  work: (server: Server, signal: AbortSignal) => Promise<number>,
): Promise<void> {
  outliveOutput()
  const signal = firstSignal()
  let server: Server | undefined
  try {
    server = await findServer(flags, createNothing, () => {}, signal)
    process.exitCode = await work(server, signal)
  } catch (error) {
    await server?.stop()
    if (signal.aborted) process.exit(exitCodeOf(signal.reason))
    fail(error)
  }
  await server?.stop()
}
