import { SingleBar } from 'cli-progress'
import { type Colors, isDrawable, type Output, widthOf, wrap } from './terminal.js'

/** Shows progress: as a bar on a terminal, elsewhere as a line now and then. */
export interface Progress {
  /** @param text the progress in words: `20,000 of 50,000 records`. */
  update(value: number, text: string): void
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
      drawn = isDrawable(output) ? drawBar(output, colors, verb, total) : writeLines(output, verb)
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

function writeLines(output: Output, verb: string): Drawn {
  let saidAt = Date.now()
  let said = ''
  return {
    update(_value, text) {
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

/** The columns reserved for the words beside the bar: `importing`, the percentage, counts and units. */
const WORDS = 58

function drawBar(output: Output, colors: Colors, verb: string, total: number | undefined): Drawn {
  const columns = Math.min(Math.max((widthOf(output) ?? 0) - WORDS, 10), 40)
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
    update(value, text) {
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
