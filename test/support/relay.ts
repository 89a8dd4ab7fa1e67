import { createServer, connect as open, type Socket } from 'node:net'

/**
 * How a relay treats connections: `refusing`: nobody listens; `silent`: nothing arrives, in either direction;
 * `resetting`: each is reset.
 */
export type RelayState = 'open' | 'refusing' | 'silent' | 'resetting'

/** A network between a client and a server, which can fail. */
export interface Relay {
  readonly port: number
  /** From now on, for the connections that exist too. */
  be(state: RelayState): Promise<void>
  stop(): Promise<void>
}

/** A connection and what it is relayed to; undefined: nothing yet, because the relay is silent. */
interface Pair {
  readonly client: Socket
  upstream: Socket | undefined
  isConnecting: boolean
}

/**
 * Listens on a free port of 127.0.0.1 and relays each connection to one of the ports of `targets`: to each in
 * turn, and to the next if one does not listen.
 */
export async function startRelay(targets: readonly number[]): Promise<Relay> {
  let state: RelayState = 'open'
  let turn = 0
  const pairs = new Set<Pair>()
  // Also those whose other side is gone, and whose client has not read that yet.
  const clients = new Set<Socket>()
  // A half that has ended may wait for the other: what is half closed is relayed as such.
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    const pair: Pair = { client, upstream: undefined, isConnecting: false }
    pairs.add(pair)
    clients.add(client)
    client
      .on('error', () => {})
      .on('close', () => {
        clients.delete(client)
        end(pair, client)
      })
    if (state === 'resetting') client.resetAndDestroy()
    else if (state === 'open') void relay(pair)
  })
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, '127.0.0.1', () => {
        server.off('error', reject)
        resolve()
      })
    })
  await listen(0)
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('The relay has no port.')
  const { port } = address

  return {
    port,
    async be(next) {
      const before = state
      if (next === before) return
      state = next
      if (next === 'refusing' || next === 'resetting') resetAll()
      if (next === 'refusing') await new Promise((resolve) => server.close(resolve))
      if (before === 'refusing') await listen(port)
      for (const pair of pairs) {
        if (next === 'silent') hush(pair)
        else if (next === 'open') void relay(pair)
      }
    },
    async stop() {
      resetAll()
      if (state !== 'refusing') await new Promise((resolve) => server.close(resolve))
    },
  }

  function resetAll(): void {
    for (const client of clients) client.resetAndDestroy()
  }

  async function relay(pair: Pair): Promise<void> {
    const { client } = pair
    if (pair.isConnecting) return
    if (!pair.upstream) {
      pair.isConnecting = true
      const upstream = await connectToOne()
      pair.isConnecting = false
      if (!upstream) return void client.resetAndDestroy()
      if (client.destroyed) return void upstream.destroy()
      upstream.on('error', () => {}).on('close', () => end(pair, upstream))
      pair.upstream = upstream
    }
    if (state !== 'open') return
    client.pipe(pair.upstream)
    pair.upstream.pipe(client)
  }

  async function connectToOne(): Promise<Socket | undefined> {
    turn += 1
    for (let offset = 0; offset < targets.length; offset += 1) {
      const socket = await connected(targets[(turn + offset) % targets.length] ?? 0)
      if (socket) return socket
    }
    return undefined
  }

  /** One side is gone: so is the other, and it hears of it if something is missing. */
  function end(pair: Pair, side: Socket): void {
    pairs.delete(pair)
    const other = side === pair.client ? pair.upstream : pair.client
    if (!other || other.destroyed) return
    if (side.readableEnded) other.end()
    else other.resetAndDestroy()
  }
}

function hush({ client, upstream }: Pair): void {
  if (!upstream) return
  client.unpipe(upstream).pause()
  upstream.unpipe(client).pause()
}

const connected = (port: number): Promise<Socket | undefined> =>
  new Promise((resolve) => {
    const socket = open({ port, host: '127.0.0.1', allowHalfOpen: true })
    socket.once('connect', () => resolve(socket)).once('error', () => resolve(undefined))
  })
