import { basename, dirname } from 'node:path'

/**
 * What a person types to run this program again: `intake` where it is installed on the PATH, `npx intake` in
 * a clone and where it is a project's dependency.
 *
 * @param script the path that Node was started with, links unresolved (`process.argv[1]`).
 * @param npmCommand npm's `npm_command`: `exec` under npx.
 */
export function programOf(script: string, npmCommand: string | undefined): string {
  const path = script.replaceAll('\\', '/')
  const isLink = basename(path) === 'intake' && !dirname(path).endsWith('/node_modules/.bin')
  // On Windows the PATH has a script that names the file itself, instead of a link.
  const isInstalled = path.includes('/node_modules/intake/') && npmCommand !== 'exec'
  return isLink || isInstalled ? 'intake' : 'npx intake'
}

/** The program as every sentence names it. */
export const PROGRAM = programOf(process.argv[1] ?? '', process.env.npm_command)

/** Where a command finds its server or its database. */
interface Place {
  readonly url?: string
  readonly apiKey?: string
  readonly dataDir?: string
  readonly databaseUrl?: string
}

/** What a person types to run another command at the same place; can be pasted into a POSIX shell. */
export function commandLine(
  { url, apiKey, dataDir, databaseUrl }: Place,
  ...words: readonly string[]
): string {
  const place = [
    ...(url === undefined ? [] : ['--url', quoted(url)]),
    // Keys and passwords are not shown, in case somebody looks over a shoulder.
    ...(apiKey === undefined ? [] : ['--api-key', '"$API_KEY"']),
    ...(dataDir === undefined ? [] : ['--data-dir', quoted(dataDir)]),
    ...(databaseUrl === undefined ? [] : ['--database-url', '"$DATABASE_URL"']),
  ]
  return [PROGRAM, ...words.map(quoted), ...place].join(' ')
}

/**
 * A text as a word of a POSIX shell. What a terminal would obey is written as an escape (POSIX.1-2024,
 * 2.2.4).
 */
function quoted(text: string): string {
  if (/^[\w./:=-]+$/.test(text)) return text
  if (!CONTROL.test(text)) return `'${text.replaceAll("'", "'\\''")}'`
  const escaped = text.replace(/['\\]/g, '\\$&').replace(new RegExp(CONTROL, 'gu'), octal)
  return `$'${escaped}'`
}

const CONTROL = /\p{Cc}/u

const octal = (character: string): string =>
  [...Buffer.from(character)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')
