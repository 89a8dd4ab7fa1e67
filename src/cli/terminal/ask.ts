import { createInterface } from 'node:readline/promises'

/** Whether a person can be asked: they see the question, and can answer it. */
export const canAsk = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true

/**
 * Asks a person a question that is answered by yes or no. Anything but yes is no.
 *
 * @throws the signal's reason
 */
export async function askYes(question: string, signal: AbortSignal): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  // Ctrl-C belongs to the whole command, and the end of the input is an answer, too.
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')))
  try {
    const answer = await Promise.race([lines.question(`${question} [y/N] `, { signal }), closed])
    return /^\s*y(es)?\s*$/i.test(answer)
  } catch (error) {
    if (signal.aborted) throw signal.reason
    throw error
  } finally {
    lines.close()
  }
}
