import { randomUUID } from 'node:crypto'
import type { Duplex } from 'node:stream'
import type { RawData } from 'ws'
import type { Authenticator } from '../../auth/session.ts'
import type { UserId } from '../../ids.ts'
import type { LiveLimits } from '../../quotas/live-limits.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { isTracing, startHop, traceOperation } from '../../telemetry/tracing.ts'
import type { RequestScope } from '../../telemetry/request-id.ts'
import type { CallerConnection } from '../pipeline/caller.ts'
import type { AnonymousSocket } from './anonymous-sockets.ts'
import { CLOSE_CODES, type CloseCode } from './close-codes.ts'
import { frameHead, Outbox, type TurnEnd } from './outbox.ts'
import { ConnectionUsers } from './connection-users.ts'
import { RunningOperations } from './operations.ts'
import type { OwnedSocket, SocketOwner } from './owned-socket.ts'
import { Liveness } from './liveness.ts'
import type { SocketLimits } from './limits.ts'
import { type SessionOwner, SocketSessions } from './sessions.ts'
import type { Intake } from '../pipeline/intake.ts'
import { nameOf } from '../pipeline/payer.ts'
import type { ReadingBudget } from './reading-budget.ts'
import { type UnreadMessage, UnreadMessages, type UnreadOwner } from './unread-messages.ts'

/** Handles the messages of all connections. */
export type SocketProtocol = Readonly<{
  /** Handles a text message. Rejects if the gateway has a fault. */
  receive(connection: SocketConnection, text: string): Promise<void> | void
}>

/** From `connection_init` until its token was found to be valid, a connection is signing in. */
type Stage = 'new' | 'signing in' | 'acknowledged'

/** Keeps all connections. */
export type ConnectionOwner = Readonly<{
  /** Called for each valid token of the connection. If it throws, the token is rejected. */
  onSignedIn(connection: SocketConnection): void
  /** Called once, when the socket is closed. */
  onClosed(connection: SocketConnection): void
}>

type Dependencies = Readonly<{
  socket: OwnedSocket
  /** The TCP or TLS connection under the WebSocket. */
  network: Duplex
  turnEnd: TurnEnd
  owner: ConnectionOwner
  authenticator: Pick<Authenticator, 'authenticate'>
  liveLimits: LiveLimits
  intake: Pick<Intake, 'add'>
  reading: ReadingBudget
  limits: SocketLimits
  /** The network that the client connects from, see `networkOf`. */
  address: string
  /** The address of this server as the client sees it, without a path. */
  baseUrl: string
  /** The `Authorization` header of the handshake. */
  authorization: string | undefined
  /** Its lines carry the id of the handshake's request. */
  scope: RequestScope
  logger: Logger
}>

/**
 * One WebSocket connection: its sign-in, its liveness, and its end. All its operations end as soon as either side
 * closes it, before the closing handshake is complete.
 */
export class SocketConnection
  implements CallerConnection, AnonymousSocket, SocketOwner, SessionOwner, UnreadOwner
{
  readonly unread: UnreadMessages
  readonly sessions: SocketSessions
  readonly operations = new RunningOperations()
  readonly outbox: Outbox
  readonly authorization: string | undefined
  readonly baseUrl: string
  readonly address: string
  readonly #socket: OwnedSocket
  readonly #users: ConnectionUsers
  readonly #limits: SocketLimits
  readonly #scope: RequestScope
  readonly #logger: Logger
  readonly #liveness: Liveness
  readonly #owner: ConnectionOwner
  #userId: UserId | undefined
  #id: string | undefined
  #closed: PromiseWithResolvers<void> | undefined
  #isClosed = false
  #protocol: SocketProtocol | undefined
  #stage: Stage = 'new'
  #initDueAt: number
  #isEnded = false

  constructor(dependencies: Dependencies) {
    const { socket, network, turnEnd, limits, scope, logger } = dependencies
    const { address, baseUrl, authorization } = dependencies
    this.sessions = new SocketSessions(dependencies.authenticator, this)
    this.#users = new ConnectionUsers(dependencies.liveLimits)
    this.address = address
    this.authorization = authorization
    this.baseUrl = baseUrl
    this.#socket = socket
    this.outbox = new Outbox(socket, network, turnEnd)
    this.unread = new UnreadMessages(dependencies, this)
    this.#limits = limits
    this.#scope = scope
    this.#logger = logger
    this.#owner = dependencies.owner
    const now = performance.now()
    this.#liveness = new Liveness(now, limits.silenceMs)
    this.#initDueAt = now + limits.initTimeoutMs
  }

  /** The payer for parsing and validating the documents of this connection. */
  get payer(): string {
    return nameOf(this)
  }

  /** The first user whose valid token was presented on this connection. */
  get userId(): UserId | undefined {
    return this.#userId
  }

  /** Made when it is first asked for, as `closed` is: most connections never need one. */
  get id(): string {
    this.#id ??= randomUUID()
    return this.#id
  }

  /** Resolves when the socket is closed. */
  get closed(): Promise<void> {
    this.#closed ??= Promise.withResolvers<void>()
    if (this.#isClosed) this.#closed.resolve()
    return this.#closed.promise
  }

  /** Starts the protocol on this socket. */
  open(protocol: SocketProtocol): void {
    this.#protocol = protocol
    this.#socket.attach(this)
  }

  recordActivity(): void {
    this.#liveness.recordActivity(performance.now())
  }

  handleSocketClose(): void {
    this.#end()
    this.#scope.dispose()
    this.#isClosed = true
    this.#closed?.resolve()
    this.#users.release()
    this.#owner.onClosed(this)
  }

  onAuthenticated(userId: UserId): void {
    this.#users.add(userId)
    this.#userId ??= userId
    this.#owner.onSignedIn(this)
    this.unread.release()
  }

  close(code: number, reason: string): void {
    if (this.#isEnded) return
    this.outbox.flush()
    this.#socket.close(code, reason)
    this.#end()
  }

  closeWith({ code, reason }: Pick<CloseCode, 'code' | 'reason'>): void {
    this.close(code, reason)
  }

  isSigningIn(): boolean {
    return this.sessions.isChecking
  }

  giveUp(cause: 'displaced' | 'timeout'): void {
    this.closeWith(cause === 'displaced' ? CLOSE_CODES.DISPLACED : CLOSE_CODES.SIGN_IN_TIMEOUT)
  }

  /** Cuts the connection off without a closing handshake. */
  terminate(): void {
    this.#socket.terminate()
  }

  /** Call it regularly, and after a revocation. Closes the connection if a token on it is no longer valid. */
  checkTokens(wallClockMs: number): void {
    const end = this.sessions.endOfAny(wallClockMs)
    if (end === undefined) return
    this.closeWith(end === 'expired' ? CLOSE_CODES.TOKEN_EXPIRED : CLOSE_CODES.TOKEN_REVOKED)
  }

  /** Call it regularly. Cuts the connection off if the peer is silent. */
  checkLiveness(now: number): void {
    if (now >= this.#initDueAt) this.closeWith(CLOSE_CODES.INIT_TIMEOUT)
    // A paused socket reads nothing from the network, so the peer only seems to be silent.
    if (this.#socket.isPaused) this.#liveness.reset(now)
    const action = this.#liveness.check(now)
    if (action === 'terminate') this.terminate()
    if (action === 'ping' && this.#socket.readyState === this.#socket.OPEN) this.#socket.ping()
  }

  /** Call it after this process was suspended: what the peer sent meanwhile has not been read yet. */
  resetLiveness(now: number): void {
    this.#liveness.reset(now)
    if (this.#initDueAt !== Infinity) this.#initDueAt = now + this.#limits.initTimeoutMs
  }

  /** The client has sent a connection_init. Returns whether it is the first one. */
  beginSignIn(): boolean {
    if (this.#stage !== 'new') return false
    this.#stage = 'signing in'
    this.#initDueAt = Infinity
    return true
  }

  acknowledge(): void {
    this.#stage = 'acknowledged'
  }

  /** Whether operations may begin. */
  get isAcknowledged(): boolean {
    return this.#stage === 'acknowledged'
  }

  /**
   * Sends a text, or drops it if the socket is closed. Returns nothing if there is room for more, so that several texts
   * leave in one write. Otherwise resolves when the operating system has taken the text, or never will: a stream asks
   * for its next event then.
   */
  send(text: string): Promise<void> | void {
    const socket = this.#socket
    if (this.outbox.bytes > this.#limits.maxUnsentBytes) this.closeWith(CLOSE_CODES.SLOW_CONSUMER)
    if (socket.readyState !== socket.OPEN) return undefined
    const head = frameHead(text)
    if (!this.outbox.hasRoom)
      return new Promise((resolve) => this.outbox.add(head, undefined, () => resolve()))
    this.outbox.add(head, undefined, isTracing() ? startHop('send') : undefined)
    return undefined
  }

  handleMessage(message: UnreadMessage): void {
    this.#scope.run(() => this.#start(message))
  }

  /** Not async: the message would be kept for as long as its operation runs. */
  #start({ data, receivedAt }: UnreadMessage): void {
    const receive = (): Promise<void> | void => this.#protocol?.receive(this, data.toString())
    const handled = isTracing() ? traceOperation(receivedAt, async () => receive()) : receive()
    handled?.catch((error: unknown) => this.#fail(error))
  }

  receive(data: RawData, isBinary: boolean): void {
    this.recordActivity()
    // ws delivers text as one buffer unless configured otherwise.
    if (isBinary) this.closeWith(CLOSE_CODES.BAD_REQUEST)
    else this.unread.add(data as Buffer)
  }

  /** The network failed, or the peer broke the WebSocket protocol. In that case ws has told the peer already. */
  handleSocketError(error: Error): void {
    this.#logger.debug({ err: error, connectionId: this.id }, 'connection broken by the network or the peer')
    this.closeWith(CLOSE_CODES.INTERNAL)
  }

  /** Our own code failed outside of any operation. */
  #fail(error: unknown): void {
    this.#logger.error({ err: error, connectionId: this.id }, 'connection closed after an internal error')
    this.closeWith(CLOSE_CODES.INTERNAL)
  }

  #end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.unread.end()
    this.outbox.drop(() => new Error('The connection has ended.'))
    this.operations.endAll().catch((error: unknown) => {
      this.#logger.error(
        { err: error, connectionId: this.id },
        'ending the operations of a connection failed',
      )
    })
  }
}
