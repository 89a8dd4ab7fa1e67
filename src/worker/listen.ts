import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { Connection } from '../db/connection.js'
import { type Client, connect } from '../db/pool.js'
import type { Waker } from './waker.js'

const RECONNECT_MS = 1000

/**
 * Wakes at each notification on a channel, until `stop` is signalled. A broken connection is replaced, and
 * the new one wakes once, in case something was missed. Never throws.
 *
 * @param prepare what each connection does first
 */
export async function listen(
  connection: Connection,
  channel: string,
  waker: Waker,
  stop: AbortSignal,
  prepare: (client: Client) => Promise<void>,
): Promise<void> {
  while (!stop.aborted) {
    let client: pg.Client | undefined
    try {
      client = await connect(connection)
      await prepare(client)
      await listenOn(client, channel, waker, stop)
    } catch {
      // The database is unreachable. The claim loop logs that.
    } finally {
      await client?.end().catch(() => {})
    }
    if (!stop.aborted) await sleep(RECONNECT_MS, undefined, { signal: stop }).catch(() => {})
  }
}

/** Returns when the connection breaks or `stop` is signalled. */
async function listenOn(client: pg.Client, channel: string, waker: Waker, stop: AbortSignal): Promise<void> {
  let end = () => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  client.on('error', end)
  client.once('end', end)
  client.on('notification', () => waker.wake())
  stop.addEventListener('abort', end)
  try {
    await client.query(`listen ${channel}`)
    waker.wake()
    if (!stop.aborted) await ended
  } finally {
    stop.removeEventListener('abort', end)
  }
}
