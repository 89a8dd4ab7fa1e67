import { escapeInvisible } from '../../src/text/invisible'

/*
 * JSON as a person edits it. Literals are kept as they are written: to parse and write them again would round
 * large numbers and drop repeated keys.
 */

const TOKEN = /\s+|"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gu

/** Stands for bytes that are not UTF-8. */
const UNREAD = '\ufffd'

/**
 * A line of a file as it is to be edited. What is wrong with its bytes is left to be seen and corrected: of a
 * text that is UTF-8, a character that looks like an unread byte is escaped.
 */
export function editable(
  line: number,
  { text, isUtf8 }: { readonly text: string; readonly isUtf8: boolean },
) {
  // The byte-order mark belongs to the file and not to its first line.
  const json = line === 1 ? text.replace(/^\ufeff/, '') : text
  return indented(isUtf8 ? json.replaceAll(UNREAD, '\\ufffd') : json)
}

/** Why a text cannot be a line of a file, in a sentence; undefined: it can. */
export function whyNotLine(text: string): string | undefined {
  if (text.includes(UNREAD)) {
    return `${UNREAD} stands for bytes that are not UTF-8. Write what should be there.`
  }
  const why = whyNotJson(text)
  return why && `This is not JSON yet: ${why}`
}

/** What is wrong with a text as JSON, in the browser's words; undefined: nothing. */
function whyNotJson(text: string): string | undefined {
  try {
    JSON.parse(text)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** Beyond these, nobody reads the indentation any more. */
const MAX_CHARACTERS = 100_000
const MAX_INDENTATION = 20

/**
 * A line of JSON, indented, with its invisible characters escaped; its meaning is the same. What is not JSON
 * stays as it is.
 */
function indented(line: string): string {
  if (line.length > MAX_CHARACTERS || whyNotJson(line) !== undefined) return line
  const tokens = (line.match(TOKEN) ?? []).filter((token) => token.trim() !== '')
  let depth = 0
  let text = ''
  const breakLine = () => `\n${'  '.repeat(Math.min(depth, MAX_INDENTATION))}`
  for (const [index, token] of tokens.entries()) {
    const before = tokens[index - 1] ?? ''
    const isClosing = token === '}' || token === ']'
    const isEmpty = isClosing && (before === '{' || before === '[')
    if (isClosing) depth -= 1
    if (!isEmpty && (isClosing || ['{', '[', ','].includes(before))) text += breakLine()
    text += token === ':' ? ': ' : escapeInvisible(token)
    if (token === '{' || token === '[') depth += 1
  }
  return text
}

/** An edited text as a line of a file. A line end within JSON is only white space. */
export const asLine = (text: string): string => text.trim().replaceAll(/[\r\n]\s*/g, ' ')
