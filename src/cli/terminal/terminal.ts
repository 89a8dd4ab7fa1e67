import type { WriteStream } from 'node:tty'
import pico from 'picocolors'
import { escapeInvisible, showInvisible } from '../../text/invisible.js'

export type Colors = ReturnType<typeof pico.createColors>

/** Where a command writes: stdout or stderr, a terminal or not. */
export type Output = NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY' | 'columns'>>

const COLUMNS = 80

/** The terminal's width in columns; undefined: not a terminal. */
export function widthOf(output: Output): number | undefined {
  // A terminal that does not know its width reports 0.
  return output.isTTY ? output.columns || COLUMNS : undefined
}

/** Whether lines can be redrawn: on a terminal that is able to. */
export const isDrawable = (output: Output): boolean => output.isTTY === true && process.env.TERM !== 'dumb'

/** Colours for a terminal, unless they are unwanted: by `--no-color`, or NO_COLOR (no-color.org). */
export function colorsOf(output: Output, wanted: boolean): Colors {
  return pico.createColors(wanted && !process.env.NO_COLOR && isDrawable(output))
}

/**
 * Somebody else's text, with the characters named that a terminal would obey: control characters and marks
 * that change the writing direction.
 */
export const printable = showInvisible

/** A value as readable JSON; on a terminal, characters that it would obey are escaped. */
export function toJson(value: unknown): string {
  const json = JSON.stringify(value, null, 2)
  return process.stdout.isTTY ? escapeInvisible(json) : json
}

/**
 * Wraps a text between words into lines of at most `width` characters, and breaks longer words.
 *
 * @param width undefined: leaves the text as it is.
 */
export function wrap(text: string, width: number | undefined): string {
  if (width === undefined) return text
  const lines = ['']
  for (const word of text.split(' ').flatMap((long) => pieces(long, width))) {
    const line = lines.at(-1) ?? ''
    if (line === '') lines[lines.length - 1] = word
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines.join('\n')
}

function pieces(word: string, width: number): string[] {
  const characters = [...word]
  const count = Math.max(Math.ceil(characters.length / width), 1)
  return Array.from({ length: count }, (_, index) =>
    characters.slice(index * width, (index + 1) * width).join(''),
  )
}

/**
 * Keeps a command running when its output cannot be written. The reader may have stopped (`| head`) or the
 * terminal was closed: no reason to stop. Neither is a full disk, as the work is worth more than the report;
 * but it is reported, and the exit code is 1.
 */
export function outliveOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || error.code === 'EIO') return
    process.stderr.write(`intake: What this command prints could not be written: ${error.message}.\n`)
    // Last, whatever exit code the command itself sets.
    process.once('exit', () => {
      process.exitCode ||= 1
    })
  })
  // There is nowhere else to report it.
  process.stderr.on('error', () => {})
}
