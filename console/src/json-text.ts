import { escapeInvisible } from '../../src/text/invisible'

/*
 * JSON as a person edits it. Literals are kept as they are written: to parse and write them again would round
 * large numbers and drop repeated keys.
 */

const TOKEN = /\s+|"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gu

/** What is wrong with a text as JSON, in the browser's words; undefined: nothing. */
export function whyNotJson(text: string): string | undefined {
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
export function indented(line: string): string {
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
export const asLine = (text: string): string => text.trim().replaceAll(/\s*[\r\n]+\s*/g, ' ')
