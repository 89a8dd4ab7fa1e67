import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { showInvisible } from '../../text/invisible.js'
import { CommandError } from './fail.js'

/** What was written to a file. */
export interface Saved {
  readonly lines: number
  readonly bytes: number
}

const NEWLINE = 0x0a

/**
 * Writes lines to a new file. If it throws, nothing of them is left.
 *
 * @throws CommandError, and what the lines
 * throw
 */
export async function saveTo(path: string, pieces: AsyncIterable<Uint8Array>): Promise<Saved> {
  let lines = 0
  let bytes = 0
  async function* counted() {
    for await (const piece of pieces) {
      bytes += piece.length
      for (let at = piece.indexOf(NEWLINE); at !== -1; at = piece.indexOf(NEWLINE, at + 1)) lines += 1
      yield piece
    }
  }
  const output = createWriteStream(path, NEW_FILE)
  try {
    await pipeline(Readable.from(counted(), { objectMode: false }), output)
    return { lines, bytes }
  } catch (error) {
    if (output.bytesWritten > 0) await rm(path, { force: true })
    throw whyNotWritten(path, error)
  }
}

/** Never an existing file: it may be one that somebody has fixed, or the one being checked. */
export const NEW_FILE = { flags: 'wx' } as const

/** The error to throw when a new file could not be written. */
export function whyNotWritten(path: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EEXIST') {
    return new CommandError(`The file ${path} already exists. Give another name, or remove it.`)
  }
  return code === 'ENOENT' ? new CommandError(`There is no folder for the file ${path}.`) : error
}

/**
 * Writes lines to the standard output, byte for byte; on a terminal, characters that it would obey are named.
 * The reader may stop early (`| head`).
 *
 * @param show names those characters
 */
export async function print(
  pieces: AsyncIterable<Uint8Array>,
  show: (text: string) => string = showInvisible,
): Promise<void> {
  const shown = process.stdout.isTTY ? forTerminal(pieces, show) : pieces
  let unwritten: Error | undefined
  const onError = (error: Error) => {
    unwritten = error
  }
  process.stdout.once('error', onError)
  try {
    await pipeline(Readable.from(shown, { objectMode: false }), process.stdout, { end: false })
  } catch (error) {
    // `outliveOutput` has reported it, if it is worth reporting.
    const isReported =
      error === unwritten || (error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE'
    if (!isReported) throw error
  } finally {
    process.stdout.off('error', onError)
  }
}

/** Keeps tabs and line ends, including a CR before an LF, which may come with the next piece. */
async function* forTerminal(
  pieces: AsyncIterable<Uint8Array>,
  show: (text: string) => string,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const shown = (text: string) => text.replaceAll(/[^\t\n\r]+|\r(?!\n)/g, show)
  let held = ''
  for await (const piece of pieces) {
    const text = held + decoder.decode(piece, { stream: true })
    held = text.endsWith('\r') ? '\r' : ''
    yield shown(held === '' ? text : text.slice(0, -1))
  }
  yield shown(held + decoder.decode())
}
