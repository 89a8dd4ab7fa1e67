import { spawn } from 'node:child_process'
import { cleanEnvironment, cli } from '../support/service.js'

/** What a command printed, on both outputs, and how it ended. */
export interface Printed {
  readonly text: string
  readonly code: number
}

/** One shell in a folder, in which commands are typed one after another. */
export interface Shell {
  run(command: string): Promise<Printed>
  close(): Promise<void>
}

/**
 * As in a clone where `npx` finds the command; and `curl` shows no progress, as its output is no terminal's.
 */
const PRELUDE = `
npx() { shift; "${process.execPath}" "${cli}" "$@"; }
curl() { command curl -sS "$@"; }
`

export function openShell(folder: string): Shell {
  const child = spawn('bash', ['--noprofile', '--norc'], { cwd: folder, env: cleanEnvironment() })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  let text = ''
  let wake = () => {}
  for (const output of [child.stdout, child.stderr]) {
    output.setEncoding('utf8').on('data', (piece: string) => {
      text += piece
      wake()
    })
  }
  child.stdin.write(`exec 2>&1\n${PRELUDE}`)
  const mark = '--- ended with'
  return {
    async run(command) {
      text = ''
      child.stdin.write(`${command}\nprintf '\\n${mark} %d\\n' $?\n`)
      for (;;) {
        const [, printed, code] = new RegExp(`^([^]*)\\n${mark} (\\d+)\\n$`).exec(text) ?? []
        if (printed !== undefined) return { text: printed, code: Number(code) }
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    async close() {
      child.stdin.end()
      await ended
    },
  }
}
