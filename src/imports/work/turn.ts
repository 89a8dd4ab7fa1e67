import { setInterval } from 'node:timers'
import type { Client } from '../../db/pool.js'

/**
 * Well below the time after which PostgreSQL ends a session that is idle in a transaction (`db/session.ts`).
 */
const PING_MS = 10_000

/**
 * Waits for a chunk's turn, and shows PostgreSQL meanwhile that the process which holds the transaction is
 * alive.
 */
export async function untilTurn(client: Client, turn: Promise<void>): Promise<void> {
  // A connection that breaks is reported by the next statement.
  const ping = setInterval(() => void client.query('select').catch(() => {}), PING_MS)
  try {
    await turn
  } finally {
    clearInterval(ping)
  }
}
