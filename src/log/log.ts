import { type Logger, pino, type SerializedError, stdSerializers } from 'pino'
import { LogWriter, stderrDescriptor } from './writer.js'

/**
 * Where an error happened and of what kind it is. Never the contents of a row or a statement, which
 * PostgreSQL's errors include.
 */
const KEPT = ['code', 'errno', 'syscall', 'severity', 'schema', 'table', 'constraint', 'routine'] as const

/**
 * The lengths are bounded so that the search is linear: a path may be long, and comes from the caller. It may
 * have been escaped more than once, as may letters of a domain that are not ASCII.
 */
const EMAIL =
  /[^\s@"'<>(),;:=/]{1,64}(?:@|%(?:25){0,4}40)[\w%\u0080-\uffff-]{1,63}(?:(?:\.|%2e)[\w%\u0080-\uffff-]{1,63})+/gi

const withoutEmails = (text: string): string => text.replaceAll(EMAIL, '[e-mail]')

function error(given: Error): unknown {
  if (!(given instanceof Error)) return given
  const serialized: SerializedError = stdSerializers.err(given)
  return {
    type: serialized.type,
    message: withoutEmails(serialized.message),
    stack: withoutEmails(serialized.stack),
    ...Object.fromEntries(
      KEPT.flatMap((name) => (serialized[name] === undefined ? [] : [[name, serialized[name]]])),
    ),
  }
}

interface LoggedRequest {
  readonly method: string
  readonly url: string
  readonly ip: string
}

/**
 * A request without its query, which may contain an e-mail address that a list is filtered by, or a misplaced
 * key.
 */
const request = ({ method, url, ip }: LoggedRequest) => ({
  method,
  path: withoutEmails(url.replace(/[?#].*/s, '')),
  ip,
})

/** `level` of a warning. */
const WARN = 40

/**
 * The log of a process or thread: JSON on stderr, without secrets and e-mail addresses. It
 * neither ends nor blocks the process if stderr is full, slow or gone.
 *
 * @param onDropped is called for each line that could not be written.
 */
export function createLogger(level: string, onDropped: () => void = () => {}): Logger {
  const aboutDropped = (lines: number) =>
    `${JSON.stringify({ level: WARN, time: Date.now(), pid: process.pid, lines, msg: `${lines} log lines dropped` })}\n`
  const writer = new LogWriter(stderrDescriptor(), onDropped, aboutDropped)
  return pino({ level, serializers: { err: error, req: request } }, writer)
}
