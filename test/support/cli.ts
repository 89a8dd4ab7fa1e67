import { type ChildProcess, spawn } from 'node:child_process'
import { cleanEnvironment, cli } from './service.js'

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A process of `intake`. */
export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Outcome>
  /** Resolves with the first match in what it writes to stdout or stderr. */
  says(pattern: RegExp): Promise<RegExpExecArray>
}

/**
 * Starts `intake` as a shell does. The environment is this one's, without our settings.
 *
 * @param input its standard input; undefined: it has none
 */
export function startIntake(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  input?: string | Uint8Array,
): Running {
  const child = spawn(process.execPath, [cli, ...args], {
    env: { ...cleanEnvironment(), ...environment },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })
  // A command that does not need all of it closes it.
  child.stdin?.on('error', () => {}).end(input)
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    child.emit('said')
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    child.emit('said')
  })
  const ended = new Promise<Outcome>((resolve) =>
    child.once('close', (code) => resolve({ code, stdout, stderr })),
  )
  const says = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(stdout) ?? pattern.exec(stderr)
        if (match) resolve(match)
      }
      child.on('said', look)
      look()
      ended.then(() => reject(new Error(`It never said ${pattern}:\n${stdout}${stderr}`)))
    })
  return { child, ended, says }
}

/** Runs `intake` to its end; see `startIntake`. */
export const intake = (...given: Parameters<typeof startIntake>): Promise<Outcome> =>
  startIntake(...given).ended

/**
 * Runs `intake` on a terminal (util-linux's `script`), and returns its output.
 *
 * @param typed what somebody types there
 * @param columns how wide the terminal is
 */
export function intakeOnTerminal(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  { typed, columns = 80 }: { readonly typed?: string; readonly columns?: number } = {},
): Promise<string> {
  const words = [process.execPath, cli, ...args].map((word) => `'${word}'`).join(' ')
  const command = `stty cols ${columns}; exec ${words}`
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    env: { ...cleanEnvironment(), ...environment },
    stdio: [typed === undefined ? 'ignore' : 'pipe', 'pipe', 'inherit'],
  })
  child.stdin?.write(typed)
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
    text += piece
  })
  return new Promise((resolve) => child.once('close', () => resolve(text)))
}

/** What `--json` prints. */
// biome-ignore lint/suspicious/noExplicitAny: a test says by its assertions what shape it expects
export async function intakeJson(args: readonly string[], environment: Record<string, string>): Promise<any> {
  const { code, stdout, stderr } = await intake([...args, '--json'], environment)
  if (code !== 0) throw new Error(`intake ${args.join(' ')} ended with ${code}: ${stderr}`)
  return JSON.parse(stdout)
}
