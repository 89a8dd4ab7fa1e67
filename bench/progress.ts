import { SingleBar } from 'cli-progress'

/** Reports progress to a person on stderr. */
export interface Progress {
  /** Starts a step of `total` records; the step before it must have ended. */
  begin(name: string, total: number): void
  /** Says how many of the step's records are done. */
  update(records: number): void
  /** Ends the step with a word on how it went. */
  end(outcome: string): void
  /** Restores the terminal if a step was interrupted. */
  close(): void
}

/** A bar while a step runs, if stderr is a terminal; and a line once it has ended. */
export function progressOnStderr(): Progress {
  let bar: SingleBar | undefined
  let step = ''

  function close(): void {
    bar?.stop()
    bar = undefined
  }

  return {
    begin(name, total) {
      step = name
      bar = new SingleBar({
        format: '{name} {bar} {value}/{total} records',
        barsize: 24,
        fps: 4,
        clearOnComplete: true,
        hideCursor: true,
      })
      bar.start(total, 0, { name })
    },
    update(records) {
      bar?.update(records)
    },
    end(outcome) {
      close()
      process.stderr.write(`${step}: ${outcome}\n`)
    },
    close,
  }
}
