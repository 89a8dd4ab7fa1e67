import { Command } from 'commander'
import { UUID_PATTERN } from '../../../schema/uuid.js'
import { counted, number } from '../../../text/numbers.js'
import {
  type Address,
  getPage,
  IMPORTS,
  NotFound,
  type PageAnswer,
  type PageFlags,
} from '../../client/client.js'
import type { Server } from '../../client/find-server.js'
import {
  atServer,
  type ServerCommandFlags,
  styleOf,
  wholeNumber,
  withServerFlags,
} from '../../client/server-command.js'
import { CommandError, fail } from '../../terminal/fail.js'
import { PROGRAM } from '../../terminal/program.js'
import { printable, toJson, wrap } from '../../terminal/terminal.js'

/** A command about imports. */
export const command = (name: string, description: string): Command =>
  withServerFlags(new Command(name).description(description)).showHelpAfterError('Add --help for help.')

/** Stands for the import that "imports list" shows first. */
export const LATEST = '@latest'

const ID = `the id of the import, as "${PROGRAM} imports list" shows it, or ${LATEST}`

/** A command about one import. */
export const ofImport = (name: string, description: string): Command =>
  command(name, description).argument('<id>', ID)

/** A command about one import, the latest unless another one is named. */
export const ofLatestImport = (name: string, description: string): Command =>
  command(name, description).argument('[id]', ID, LATEST)

/**
 * Runs a command's work about one import at a server, and sets the exit code: 1 for an error.
 *
 * @param given as it was typed: an id, or `@latest`
 */
export async function atImport(
  flags: ServerCommandFlags,
  given: string,
  work: (server: Server, id: string, signal: AbortSignal) => Promise<number>,
): Promise<void> {
  try {
    checkId(given)
  } catch (error) {
    fail(error)
  }
  await atServer(flags, async (server, signal) => {
    const id = await idOf(server.address, given, signal)
    try {
      return await work(server, id, signal)
    } catch (error) {
      throw error instanceof NotFound ? noSuchImport(`There is no import ${id}.`) : error
    }
  })
}

/** @throws CommandError if it is neither an id nor `@latest` */
function checkId(given: string): void {
  if (given !== LATEST && !UUID_PATTERN.test(given)) {
    throw noSuchImport(`"${printable(given)}" is not the id of an import.`)
  }
}

/** The id that was typed, or that `@latest` stands for. @throws CommandError; what asking the server throws */
export async function idOf(address: Address, given: string, signal: AbortSignal): Promise<string> {
  checkId(given)
  if (given !== LATEST) return given
  const { data } = await getPage<{ readonly id: string }>(address, IMPORTS, { limit: 1 }, signal)
  if (data[0] === undefined) {
    throw new CommandError(`There are no imports yet. "${PROGRAM} import FILE" imports a file.`)
  }
  return data[0].id
}

const noSuchImport = (sentence: string): CommandError =>
  new CommandError(`${sentence} "${PROGRAM} imports list" shows them; ${LATEST} is the latest.`)

export const withPages = (paged: Command): Command =>
  paged
    .option(
      '--limit <number>',
      'how many to list, from 1 to 100 (default: the page length of the store)',
      wholeNumber,
    )
    .option('--offset <number>', 'how many to skip at the start', wholeNumber)

export type ListFlags = ServerCommandFlags & PageFlags

export const printJson = (value: unknown): void => void process.stdout.write(`${toJson(value)}\n`)

/** Which part of a list was shown, where it is not all of it. */
export function pageNote({ data, meta }: PageAnswer<unknown>, noun: string, { color }: ListFlags): string {
  const { page, results } = meta
  const last = page.offset + data.length
  if (data.length === results.total || data.length === 0) return ''
  const rest = last < results.total ? ` "--offset ${last}" shows what follows.` : ''
  const sentence = `${number(page.offset + 1)} to ${number(last)} of ${counted(results.total, noun)}.${rest}`
  return `\n${wrap(sentence, styleOf({ color }).width)}\n`
}

/** Prints what was done, and the command that follows on. */
export function printNext(sentence: string, next: string, line: string, flags: ServerCommandFlags): void {
  process.stdout.write(`${wrap(`${sentence} ${next}`, styleOf(flags).width)}\n\n  ${line}\n`)
}
