import { constants, fstatSync, openSync, writeSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

/** The most that may wait for a slow reader. */
const MOST_WAITING_BYTES = 2 ** 20

/** How often to retry a slow reader, and for how long when the process ends. */
const RETRY_MS = 50
const LAST_PATIENCE_MS = 1000

interface Waiting {
  /** The rest of a line. */
  bytes: Buffer
  /** How many dropped lines this one reports; 0: it is an ordinary line. */
  readonly reports: number
  /** Whether a part of it was written. */
  isBegun: boolean
}

/**
 * Writes the lines of a log at once, and never waits or fails: what a slow reader does not take is kept, up
 * to 1 MiB, and tried again; what cannot be written, or finds no room, is dropped. The next line that can be
 * written says how many.
 */
export class LogWriter {
  readonly #fd: number
  readonly #onDropped: () => void
  readonly #lineAbout: (dropped: number) => string
  readonly #queue: Waiting[] = []
  #bytes = 0
  /** Dropped since this was last reported. */
  #dropped = 0
  /** Whether the last thing written is the start of a line whose rest was dropped. */
  #isCut = false
  #retry: NodeJS.Timeout | undefined

  /**
   * @param onDropped is called for each line that is dropped.
   * @param lineAbout the line that reports dropped ones.
   */
  constructor(fd: number, onDropped: () => void, lineAbout: (dropped: number) => string) {
    this.#fd = fd
    this.#onDropped = onDropped
    this.#lineAbout = lineAbout
  }

  write(line: string): void {
    if (this.#dropped > 0 && this.#bytes === 0) this.#reportDropped()
    this.#add(line, 0)
    this.#flush()
  }

  #reportDropped(): void {
    const dropped = this.#dropped
    this.#dropped = 0
    this.#add(this.#lineAbout(dropped), dropped)
  }

  #add(line: string, reports: number): void {
    const bytes = Buffer.from(this.#isCut ? `\n${line}` : line)
    if (this.#bytes + bytes.length > MOST_WAITING_BYTES) {
      this.#drop(reports)
      return
    }
    this.#isCut = false
    this.#queue.push({ bytes, reports, isBegun: false })
    this.#bytes += bytes.length
  }

  #drop(reports: number): void {
    this.#dropped += reports || 1
    if (reports === 0) this.#onDropped()
  }

  #flush(): void {
    for (let first = this.#queue[0]; first; first = this.#queue[0]) {
      const written = this.#tryToWrite(first.bytes)
      if (written === 'later') {
        this.#tryLater()
        return
      }
      if (written === 'never') {
        this.#dropAll()
        break
      }
      this.#bytes -= written
      if (written < first.bytes.length) {
        first.bytes = first.bytes.subarray(written)
        first.isBegun = true
        continue
      }
      this.#queue.shift()
      if (this.#queue.length === 0 && this.#dropped > 0) this.#reportDropped()
    }
    this.#stopTrying()
  }

  #tryToWrite(bytes: Buffer): number | 'later' | 'never' {
    try {
      return writeSync(this.#fd, bytes)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      return code === 'EAGAIN' || code === 'EINTR' ? 'later' : 'never'
    }
  }

  #dropAll(): void {
    const all = this.#queue.splice(0)
    this.#bytes = 0
    if (all[0]?.isBegun) this.#isCut = true
    for (const { reports } of all) this.#drop(reports)
  }

  #tryLater(): void {
    if (this.#retry) return
    this.#retry = setInterval(() => this.#flush(), RETRY_MS)
    this.#retry.unref()
    process.on('exit', this.#flushAtExit)
  }

  #stopTrying(): void {
    if (!this.#retry) return
    clearInterval(this.#retry)
    this.#retry = undefined
    process.off('exit', this.#flushAtExit)
  }

  readonly #flushAtExit = (): void => {
    const deadline = Date.now() + LAST_PATIENCE_MS
    const never = new Int32Array(new SharedArrayBuffer(4))
    while (this.#queue.length > 0 && Date.now() < deadline) {
      this.#flush()
      if (this.#queue.length > 0) Atomics.wait(never, 0, 0, RETRY_MS)
    }
  }
}

let descriptor: number | undefined

/**
 * stderr, opened so that writing never waits: a full pipe, or a terminal that is held (Ctrl-S), returns
 * EAGAIN instead.
 */
export function stderrDescriptor(): number {
  descriptor ??= withoutWaiting(2)
  return descriptor
}

function withoutWaiting(fd: number): number {
  try {
    const kind = fstatSync(fd)
    // Node opens its own stream for a pipe or socket, which makes the descriptor non-blocking, for threads
    // too.
    if (isMainThread && (kind.isFIFO() || kind.isSocket())) void process.stderr
    // A terminal is opened again, so that it is non-blocking only for us.
    if (kind.isCharacterDevice()) {
      return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
    }
  } catch {
    // It is closed, or this system has no /proc.
  }
  return fd
}
