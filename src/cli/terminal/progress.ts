import { SingleBar } from 'cli-progress'
import { type Colors, isDrawable, type Output, widthOf, wrap } from './terminal.js'

/** Shows progress: as a bar on a terminal, elsewhere as a line now and then. */
export interface Progress {
  /**
   * @param parts the progress in words, first what matters most: `20,000 of 50,000 records`. What does not fit
   *   beside a bar is left out.
   */
  update(value: number, ...parts: readonly string[]): void
  /** It is complete. @param line what is printed then where there is no bar */
  finish(line: string): void
}

/** Tells a person what a command is doing: sentences, and one progress at a time. */
export interface Reporter {
  say(sentence: string): void
  /**
   * @param verb what is being done: `uploading`.
   * @param total the value at the end; undefined: unknown
   */
  start(verb: string, total: number | undefined): Progress
  /** Stops a progress that was not finished. */
  stop(): void
}

export function reporterOn(output: Output, colors: Colors): Reporter {
  let drawn: Drawn | undefined
  return {
    say(sentence) {
      drawn?.pause()
      // On a fresh line, whatever the terminal echoed (^C).
      const fresh = isDrawable(output) ? '\r\u001b[K' : ''
      output.write(`${fresh}${wrap(sentence, widthOf(output))}\n`)
      drawn?.resume()
    },
    start(verb, total) {
      drawn = isDrawable(output) ? drawBar(output, colors, verb, total) : writeLines(output, verb, total)
      return drawn
    },
    stop() {
      drawn?.pause()
      drawn = undefined
    },
  }
}

/** A progress that can make room for other output. Once finished, it has nothing to pause. */
interface Drawn extends Progress {
  pause(): void
  resume(): void
}

/** The least time between two lines. */
const QUIET_MS = 3000

function writeLines(output: Output, verb: string, total: number | undefined): Drawn {
  let saidAt = Date.now()
  let said = ''
  return {
    update(value, ...parts) {
      const share = total === undefined ? [] : [`${Math.floor((value / total) * 100)}%`]
      const text = [...share, ...parts].join(', ')
      if (text === said || Date.now() - saidAt < QUIET_MS) return
      saidAt = Date.now()
      said = text
      output.write(`${verb}: ${text}\n`)
    },
    finish: (line) => void output.write(`${line}\n`),
    pause() {},
    resume() {},
  }
}

/** The columns reserved for the words beside the bar: `importing`, the percentage, times and counts. */
const WORDS = 68

function drawBar(output: Output, colors: Colors, verb: string, total: number | undefined): Drawn {
  const width = widthOf(output) ?? 0
  const columns = Math.min(Math.max(width - WORDS, 6), 40)
  const room = width - verb.length - (total === undefined ? 1 : columns + ' '.length * 4 + '100%'.length)
  const bar = new SingleBar({
    stream: output,
    format: total === undefined ? `${verb} {text}` : `${verb} {bar} {percentage}%  {text}`,
    formatValue: (value, _options, type) =>
      type === 'percentage' ? String(value).padStart(3) : String(value),
    formatBar(share) {
      const done = Math.round(share * columns)
      return colors.cyan('█'.repeat(done)) + colors.dim('░'.repeat(columns - done))
    },
    hideCursor: true,
    // Also over what the terminal echoed.
    forceRedraw: true,
    gracefulExit: false,
  })
  let state = { value: 0, text: '' }
  let isFinished = false
  const draw = () => bar.start(total ?? 0, state.value, { text: state.text })
  draw()
  return {
    update(value, ...parts) {
      const text = fitting(parts, room)
      state = { value, text }
      bar.update(value, { text })
    },
    finish() {
      isFinished = true
      bar.stop()
    },
    pause: () => bar.stop(),
    resume() {
      if (!isFinished) draw()
    },
  }
}

/** As many of the parts as there are columns for, but always the first. */
function fitting([first = '', ...others]: readonly string[], columns: number): string {
  let text = first
  for (const part of others) {
    if (text.length + 2 + part.length > columns) break
    text += `, ${part}`
  }
  return text
}
