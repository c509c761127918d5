import { randomUUID } from 'node:crypto'
import type { Duplex } from 'node:stream'
import type { Server } from 'graphql-ws'
import type { RawData, WebSocket } from 'ws'
import type { Logger } from '../../telemetry/logger.ts'
import type { CallerConnection } from '../pipeline/caller.ts'
import { CLOSE_CODES } from './close-codes.ts'
import { RunningOperations } from './operations.ts'
import { Liveness } from './liveness.ts'
import type { SocketLimits } from './limits.ts'
import type { SocketSessions } from './sessions.ts'
import type { Intake, MessageSource } from './intake.ts'

/** What was to be sent did not leave: the socket is gone, or going. Nothing to report, nobody to report it to. */
export class SocketClosedError extends Error {
  override readonly name = 'SocketGone'
}

type Dependencies = Readonly<{
  socket: WebSocket
  /** What the WebSocket is spoken over. */
  network: Duplex
  sessions: SocketSessions
  intake: Pick<Intake, 'add'>
  limits: SocketLimits
  logger: Logger
}>

/**
 * So much waits here to be read, about what the network hands over at once; it keeps the rest. Not less: how long a message
 * has waited there, nobody can tell.
 */
const MAX_UNREAD_BYTES = 65_536
/** What each of these takes up beside its text, or a flood of empty ones would be held whole. */
const BYTES_PER_MESSAGE = 64

/**
 * So few that wait behind a message are no backlog: whoever sends at the pace of a person, and reports what arrives,
 * has no more on the way, however late their turn comes.
 */
const FEW = 2

const PONG = JSON.stringify({ type: 'pong' })

/**
 * One WebSocket: turns its events into graphql-ws's terms, and sees to it that whatever runs on it ends the moment
 * either side ends it, not when the closing handshake is through.
 */
export class SocketConnection implements CallerConnection, MessageSource {
  readonly id = randomUUID()
  readonly sessions: SocketSessions
  readonly operations = new RunningOperations()
  readonly #socket: WebSocket
  readonly #network: Duplex
  readonly #limits: SocketLimits
  readonly #logger: Logger
  readonly #liveness: Liveness
  readonly #intake: Pick<Intake, 'add'>
  readonly #closed = Promise.withResolvers<void>()
  /** What came and was not read yet, with the moment. */
  #unread: Readonly<{ data: Buffer; at: number }>[] = []
  #unreadBytes = 0
  #handle: (text: string) => Promise<void> = () => Promise.resolve()
  #readAfterMs = 0
  #endProtocol: ((code?: number, reason?: string) => Promise<void>) | undefined
  #isEnded = false

  constructor({ socket, network, sessions, intake, limits, logger }: Dependencies) {
    this.sessions = sessions
    this.#socket = socket
    this.#network = network
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
    const heard = (): void => this.#liveness.recordActivity(performance.now())
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
          this.#handle = handle
          socket.on('message', (data, isBinary) => this.#receive(data, isBinary))
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
  checkLiveness(now: number, wallClockMs: number): void {
    if (this.sessions.hasExpired(wallClockMs)) {
      this.close(CLOSE_CODES.TOKEN_EXPIRED.code, CLOSE_CODES.TOKEN_EXPIRED.reason)
      return
    }
    // Nothing is read from the network meanwhile, so whatever the peer says can't be heard.
    if (this.#socket.isPaused) this.#liveness.reset(now)
    const pulse = this.#liveness.check(now)
    if (pulse === 'gone') this.terminate()
    if (pulse === 'ping' && this.#socket.readyState === this.#socket.OPEN) this.#socket.ping()
  }

  /** This process was away: whatever the peer said meanwhile has not been read yet. */
  resetLiveness(now: number): void {
    this.#liveness.reset(now)
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
    if (socket.readyState !== socket.OPEN) return Promise.reject(new SocketClosedError())
    this.#gatherWrites()
    return new Promise((resolve, reject) => {
      socket.send(text, (error) => (error ? reject(new SocketClosedError()) : resolve()))
    })
  }

  /** What is sent in one go, such as the refusals of a flood, leaves by one call of the operating system. */
  #gatherWrites(): void {
    const network = this.#network
    if (network.writableCorked > 0) return
    network.cork()
    process.nextTick(() => network.uncork())
  }

  /** How long the message that is being read waited for that, in milliseconds. */
  get queuedMs(): number {
    return this.#readAfterMs
  }

  /** The same where more than a few wait behind it; 0 where it waited for others' messages alone. */
  get backlogMs(): number {
    return this.#unread.length > FEW ? this.#readAfterMs : 0
  }

  /** Reads what came first of what waits; answers whether there is more. */
  readOne(): boolean {
    const next = this.#unread.shift()
    if (next === undefined) return false
    this.#readAfterMs = performance.now() - next.at
    this.#unreadBytes -= next.data.byteLength + BYTES_PER_MESSAGE
    this.#handle(next.data.toString()).catch((error: unknown) => this.#fail(error))
    if (this.#unread.length === 0) this.#socket.resume()
    return this.#unread.length > 0
  }

  #receive(data: RawData, isBinary: boolean): void {
    this.#liveness.recordActivity(performance.now())
    if (this.#isEnded) return
    if (isBinary) {
      this.close(CLOSE_CODES.BAD_REQUEST.code, CLOSE_CODES.BAD_REQUEST.reason)
      return
    }
    // ws hands text over as one buffer, unless it is told otherwise.
    this.#hold(data as Buffer)
    if (this.#unread.length === 1) this.#intake.add(this)
  }

  #hold(data: Buffer): void {
    this.#unread.push({ data, at: performance.now() })
    this.#unreadBytes += data.byteLength + BYTES_PER_MESSAGE
    if (this.#unreadBytes > MAX_UNREAD_BYTES) this.#socket.pause()
  }

  /** The network failed, or frames came that break the WebSocket protocol; then ws has said so to the peer. */
  #drop(error: Error): void {
    this.#logger.debug({ err: error, connectionId: this.id }, 'a connection broke')
    this.close(CLOSE_CODES.INTERNAL.code, CLOSE_CODES.INTERNAL.reason)
  }

  /** Something of ours failed that is no operation's error. */
  #fail(error: unknown): void {
    if (error instanceof SocketClosedError) return
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
