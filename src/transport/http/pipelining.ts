import type { Socket } from 'node:net'
import { createIntake, type Intake, type MessageSource } from '../pipeline/intake.ts'

/** Requests of one connection that are begun and not answered. Most clients have one. */
export const MAX_IN_PROGRESS = 4

type Begin = () => void

/**
 * Bounds what one connection begins. A client may send the next request before the last one is answered (pipelining).
 * Node.js parses up to 64 KiB at once and reports each request in them, 400 perhaps, even if the connection is paused
 * at the first one. So requests beyond the limit wait here, with their bodies unread, and the connection is paused
 * meanwhile. One begins when an earlier one has been answered and the client has taken the answer. The intake bounds
 * how many begin in one turn of the event loop, and the connections take turns.
 *
 * At least two requests have to be allowed. The body of the last one may be missing, but all before it are complete, so
 * that they are answered and reading continues.
 */
export class Pipelining {
  readonly #connections = new WeakMap<Socket, Connection>()
  readonly #intake: Intake

  constructor(intake = createIntake()) {
    this.#intake = intake
  }

  /** Calls `begin`, now or when it is the request's turn. Never calls it if the connection closes before. */
  add(socket: Socket, begin: Begin): void {
    const connection = this.#connections.get(socket) ?? new Connection(socket, this.#intake)
    this.#connections.set(socket, connection)
    connection.add(begin)
  }

  /** A request has been answered, or its connection is closed. */
  end(socket: Socket): void {
    this.#connections.get(socket)?.end()
  }
}

/** The requests of one connection. */
class Connection implements MessageSource {
  readonly #socket: Socket
  readonly #intake: Intake
  readonly #waiting: Begin[] = []
  #inProgress = 0
  #isPaused = false

  constructor(socket: Socket, intake: Intake) {
    this.#socket = socket
    this.#intake = intake
  }

  add(begin: Begin): void {
    this.#waiting.push(begin)
    this.#pauseOrResume()
    this.#offer()
  }

  /** Begins the oldest request that waits. */
  readOne(): boolean {
    if (this.#socket.destroyed) this.#waiting.length = 0
    if (this.#mayBegin()) this.#begin()
    return this.#mayBegin()
  }

  end(): void {
    this.#inProgress -= 1
    this.#pauseOrResume()
    this.#offer()
  }

  #begin(): void {
    this.#inProgress += 1
    this.#waiting.shift()?.()
  }

  #offer(): void {
    if (this.#mayBegin()) this.#intake.add(this)
  }

  #mayBegin(): boolean {
    return this.#waiting.length > 0 && this.#inProgress < MAX_IN_PROGRESS
  }

  #pauseOrResume(): void {
    const isFull = this.#waiting.length + this.#inProgress >= MAX_IN_PROGRESS
    if (isFull === this.#isPaused) return
    this.#isPaused = isFull
    if (isFull) this.#socket.on('resume', pauseAgain).pause()
    else this.#socket.off('resume', pauseAgain).resume()
  }
}

/** Node.js resumes the socket when it reads the body of a request, or has read one. */
function pauseAgain(this: Socket): void {
  this.pause()
}
