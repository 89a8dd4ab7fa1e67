import { setTimeout as sleep } from 'node:timers/promises'
import type { ImportResource } from '../../imports/resource/schema.js'
import { CommandError } from '../terminal/fail.js'
import { getImport, importPath, ServerUnreachable } from './client.js'
import type { Server } from './find-server.js'

const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1000

/** Who follows an import. */
interface Follower {
  /** Receives its state. */
  readonly onState: (state: ImportResource) => void
  /** The server does not answer at the moment. */
  readonly onLost: () => void
  /** Tells the person, in a sentence, that the server went away. */
  readonly say: (sentence: string) => void
  readonly signal: AbortSignal
  /** What is followed, unless it is the import itself. */
  readonly hasEnded?: (state: ImportResource) => boolean
}

/** How long to keep asking a server that went away. */
const PATIENCE_MS = 30_000

/**
 * Polls an import, less and less often, until it has ended.
 *
 * @throws CommandError, and the signal's reason
 */
export async function followImport(
  server: Server,
  id: string,
  { onState, onLost, say, signal, hasEnded = isOver }: Follower,
): Promise<ImportResource> {
  let lostAt: number | undefined
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.3, LONGEST_PAUSE_MS)) {
    try {
      const state = await getImport(server.address, id, signal)
      lostAt = undefined
      onState(state)
      if (hasEnded(state)) return state
    } catch (error) {
      if (!(error instanceof ServerUnreachable)) throw error
      onLost()
      if (lostAt === undefined) say(`${error.message} Trying again.`)
      lostAt ??= Date.now()
      await wait(server, id, error, Date.now() - lostAt)
    }
    await sleep(pause, undefined, { signal })
  }
}

const isOver = ({ attributes: { status } }: ImportResource): boolean =>
  status === 'success' || status === 'failed'

async function wait(server: Server, id: string, error: Error, lostForMs: number): Promise<void> {
  if (lostForMs > PATIENCE_MS) {
    throw new CommandError(
      `${error.message} The import was received and continues once the server runs; ` +
        `${server.lastingUrl}${importPath(id)} shows its progress.`,
    )
  }
  await server.recover(lostForMs)
}
