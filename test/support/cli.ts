import { spawn } from 'node:child_process'
import { cleanEnvironment, cli } from './service.js'

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs `intake` as a shell does, to its end. The environment is this one's, without our settings.
 *
 * @param input its standard input; undefined: it has none
 */
export function intake(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  input?: string | Uint8Array,
): Promise<Outcome> {
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
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })))
}

/** Runs `intake` on a terminal (util-linux's `script`), and returns its output. */
export function intakeOnTerminal(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const command = [process.execPath, cli, ...args].map((word) => `'${word}'`).join(' ')
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    env: { ...cleanEnvironment(), ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
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
