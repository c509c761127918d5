import { randomUUID } from 'node:crypto'
import type { Server } from 'graphql-ws'
import type { RawData, WebSocket } from 'ws'
import type { Logger } from '../telemetry/logger.ts'
import type { Connection } from './caller.ts'
import { CLOSE_CODES } from './close-codes.ts'
import { LiveOperations } from './live-operations.ts'
import { Liveness } from './liveness.ts'
import type { SocketLimits } from './socket-limits.ts'
import type { SocketSessions } from './socket-sessions.ts'
import type { Intake } from './intake.ts'

/** What was to be sent did not leave: the socket is gone, or going. Nothing to report, nobody to report it to. */
export class SocketGone extends Error {
  override readonly name = 'SocketGone'
}

type Dependencies = Readonly<{
  socket: WebSocket
  sessions: SocketSessions
  intake: Pick<Intake, 'enter'>
  limits: SocketLimits
  logger: Logger
}>

/** Messages that wait to be read, beyond which the network is asked to keep the rest. */
const MAX_UNREAD = 8

const PONG = JSON.stringify({ type: 'pong' })

/**
 * One WebSocket: turns its events into graphql-ws's terms, and sees to it that whatever runs on it ends the moment
 * either side ends it, not when the closing handshake is through.
 */
export class SocketConnection implements Connection {
  readonly id = randomUUID()
  readonly sessions: SocketSessions
  readonly operations = new LiveOperations()
  readonly #socket: WebSocket
  readonly #limits: SocketLimits
  readonly #logger: Logger
  readonly #liveness: Liveness
  readonly #intake: Pick<Intake, 'enter'>
  readonly #closed = Promise.withResolvers<void>()
  /** What came and was not read yet: no more than the network hands over at once, some ten kilobytes. */
  #unread: Readonly<{ data: RawData; at: number }>[] = []
  #endProtocol: ((code?: number, reason?: string) => Promise<void>) | undefined
  #isEnded = false

  constructor({ socket, sessions, intake, limits, logger }: Dependencies) {
    this.sessions = sessions
    this.#socket = socket
    this.#limits = limits
    this.#logger = logger
    this.#intake = intake
    this.#liveness = new Liveness(performance.now(), limits.silenceMs)
  }

  /** Resolves when the socket is closed for good. */
  get closed(): Promise<void> {
    return this.#closed.promise
  }

  /** Lets the protocol speak on this socket. */
  open(protocol: Server<SocketConnection>): void {
    const socket = this.#socket
    const heard = (): void => this.#liveness.heard(performance.now())
    socket.on('ping', heard).on('pong', heard)
    socket.on('error', (error) => this.#drop(error))
    socket.on('close', (code, reason) => {
      this.#end(code, String(reason))
      this.#closed.resolve()
    })
    this.#endProtocol = protocol.opened(
      {
        protocol: socket.protocol,
        send: (text) => this.#send(text),
        close: (code, reason) => this.close(code ?? CLOSE_CODES.INTERNAL.code, reason ?? ''),
        // A ping's payload is not sent back: a client that does not read could make it pile up here.
        onPing: () => this.#send(PONG),
        onMessage: (handle) => {
          socket.on('message', (data, isBinary) => this.#receive(data, isBinary, handle))
        },
      },
      this,
    )
  }

  close(code: number, reason: string): void {
    if (this.#isEnded) return
    this.#socket.close(code, reason)
    this.#end(code, reason)
  }

  /** Cuts the connection off without a word. */
  terminate(): void {
    this.#socket.terminate()
  }

  /** To be called regularly: closes the connection if a token on it ran out, or the peer fell silent. */
  look(now: number, wallClockMs: number): void {
    if (this.sessions.hasExpired(wallClockMs)) {
      this.close(CLOSE_CODES.TOKEN_EXPIRED.code, CLOSE_CODES.TOKEN_EXPIRED.reason)
      return
    }
    const pulse = this.#liveness.check(now)
    if (pulse === 'gone') this.terminate()
    if (pulse === 'ping' && this.#socket.readyState === this.#socket.OPEN) this.#socket.ping()
  }

  /** This process was away: whatever the peer said meanwhile has not been read yet. */
  forgiveSilence(now: number): void {
    this.#liveness.forgive(now)
  }

  /**
   * Resolves when the text was handed to the operating system, which is what makes a stream pull its next event.
   * Rejects when it was not: an event that never left must not look as if it had.
   */
  #send(text: string): Promise<void> {
    const socket = this.#socket
    if (socket.bufferedAmount > this.#limits.maxUnsentBytes) {
      this.close(CLOSE_CODES.SLOW_CONSUMER.code, CLOSE_CODES.SLOW_CONSUMER.reason)
    }
    if (socket.readyState !== socket.OPEN) return Promise.reject(new SocketGone())
    return new Promise((resolve, reject) => {
      socket.send(text, (error) => (error ? reject(new SocketGone()) : resolve()))
    })
  }

  #receive(data: RawData, isBinary: boolean, handle: (text: string) => Promise<void>): void {
    this.#liveness.heard(performance.now())
    if (this.#isEnded) return
    if (isBinary) {
      this.close(CLOSE_CODES.BAD_REQUEST.code, CLOSE_CODES.BAD_REQUEST.reason)
      return
    }
    this.#unread.push({ data, at: performance.now() })
    if (this.#unread.length > MAX_UNREAD) this.#socket.pause()
    if (this.#unread.length > 1) return
    this.#intake.enter({
      waitingSince: () => this.#unread[0]?.at ?? performance.now(),
      readOne: () => this.#readOne(handle),
    })
  }

  #readOne(handle: (text: string) => Promise<void>): boolean {
    const next = this.#unread.shift()
    if (next === undefined) return false
    handle(textOf(next.data)).catch((error: unknown) => this.#fail(error))
    if (this.#unread.length === 0) this.#socket.resume()
    return this.#unread.length > 0
  }

  /** The network failed, or frames came that break the WebSocket protocol; then ws has said so to the peer. */
  #drop(error: Error): void {
    this.#logger.debug({ err: error, connectionId: this.id }, 'a connection broke')
    this.close(CLOSE_CODES.INTERNAL.code, CLOSE_CODES.INTERNAL.reason)
  }

  /** Something of ours failed that is no operation's error. */
  #fail(error: unknown): void {
    if (error instanceof SocketGone) return
    this.#logger.error({ err: error, connectionId: this.id }, 'a connection failed')
    this.close(CLOSE_CODES.INTERNAL.code, CLOSE_CODES.INTERNAL.reason)
  }

  #end(code: number, reason: string): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#unread = []
    this.#socket.resume()
    Promise.all([this.operations.endAll(), this.#endProtocol?.(code, reason)]).catch((error: unknown) => {
      this.#logger.error({ err: error, connectionId: this.id }, 'an operation could not be ended')
    })
  }
}

/** ws hands text over as one buffer, unless it is told otherwise. */
function textOf(data: RawData): string {
  return (data as Buffer).toString()
}
