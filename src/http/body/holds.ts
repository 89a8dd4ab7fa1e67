import type { Socket } from 'node:net'

/**
 * Who holds a connection back. It is read once nobody does: of pipelined requests several are under way at
 * once, and none may resume what another has paused.
 */
export class Holds {
  readonly #socket: Socket
  readonly #holders = new Set<object>()
  #isOver = false

  private constructor(socket: Socket) {
    this.#socket = socket
    // Node too resumes a socket: for the next request, or when a client has taken a response. A socket
    // resumes a little later, which undoes a pause in between. The event makes Node stop reading, and is not
    // sent again by a socket that is paused already.
    socket.on('resume', () => {
      if (this.#holders.size > 0) socket.pause().emit('pause')
    })
  }

  static of(socket: Socket): Holds {
    const holds = ofSockets.get(socket) ?? new Holds(socket)
    ofSockets.set(socket, holds)
    return holds
  }

  hold(holder: object): void {
    if (this.#isOver) return
    this.#holders.add(holder)
    this.#socket.pause()
  }

  letGo(holder: object): void {
    this.#holders.delete(holder)
    if (this.#holders.size === 0 && this.#socket.isPaused()) this.#socket.resume()
  }

  /** Nobody holds the connection back any more, whatever comes. It is not resumed. */
  end(): void {
    this.#isOver = true
    this.#holders.clear()
  }
}

const ofSockets = new WeakMap<Socket, Holds>()
