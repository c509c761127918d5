import type { Socket } from 'node:net'

/** Requests of one connection in progress. Browsers, load balancers and most libraries have one. */
export const MAX_IN_PROGRESS = 16

/**
 * Stops reading a connection while it has many requests in progress. A client may send the next request before the last
 * one is answered (pipelining). Answers leave in order, so each request behind a slow one is kept here. The network
 * delivers up to 64 KiB at once, and the requests in them are begun in any case.
 *
 * At least two requests have to be allowed. The body of the last one may be missing, but all before it are complete, so
 * that they are answered and reading continues.
 */
export class Pipelining {
  readonly #inProgress = new WeakMap<Socket, number>()

  /** A request begins. */
  begin(socket: Socket): void {
    if (this.#count(socket, 1) !== MAX_IN_PROGRESS) return
    socket.on('resume', pauseAgain)
    socket.pause()
  }

  /** A request has been answered, or its connection is closed. */
  end(socket: Socket): void {
    if (this.#count(socket, -1) !== MAX_IN_PROGRESS - 1) return
    socket.off('resume', pauseAgain)
    socket.resume()
  }

  /** Returns how many are in progress then. */
  #count(socket: Socket, change: number): number {
    const total = (this.#inProgress.get(socket) ?? 0) + change
    this.#inProgress.set(socket, total)
    return total
  }
}

/** Node.js resumes the socket when it reads the body of a request, or has read one. */
function pauseAgain(this: Socket): void {
  this.pause()
}
