import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { GRAPHQL_TRANSPORT_WS_PROTOCOL, handleProtocols } from 'graphql-ws'
import { type ServerOptions, WebSocketServer } from 'ws'
import type { Authenticator } from '../../auth/session.ts'
import type { Config } from '../../config/config.ts'
import type { Clock } from '../../lib/clock.ts'
import type { OperationAdmission } from '../../overload/operation-admission.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { beginRequestScope, requestIdIn } from '../../telemetry/request-id.ts'
import type { ConnectionAdmission } from './connection-admission.ts'
import { AnonymousSockets } from './anonymous-sockets.ts'
import { createBaseUrl } from '../http/base-url.ts'
import type { LiveLimits } from '../../quotas/live-limits.ts'
import { createClientAddress, networkOf } from '../http/client-address.ts'
import { CLOSE_CODES } from './close-codes.ts'
import { createHostCheck } from '../http/host.ts'
import { createOriginPolicy, isSameOrigin } from '../http/origins.ts'
import { createRequestIntake } from '../http/request-intake.ts'
import { type ConnectionOwner, SocketConnection } from './connection.ts'
import { SOCKET_LIMITS } from './limits.ts'
import type { SocketLimits } from './limits.ts'
import type { EventPayloads } from '../pipeline/event-payloads.ts'
import { createOperationRunner, type OperationRunnerDependencies } from './operation-runner.ts'
import { createSocketProtocol } from './protocol.ts'
import { createTurnEnd } from './outbox.ts'
import type { ReadingBudget } from './reading-budget.ts'
import { OwnedSocket } from './owned-socket.ts'
import { createIntake, type Intake } from '../pipeline/intake.ts'
import { rejectUpgrade } from './upgrade-rejection.ts'
import type { UpgradeRejection } from './upgrade-rejection.ts'
import { inSlices } from '../../lib/slices.ts'
import { inWaves } from '../../lib/waves.ts'
import { GRAPHQL_PATH } from '../http/yoga.ts'

/** GraphQL over WebSockets, on the path of the API. */
export type WebSocketEndpoint = Readonly<{
  /** Handles the 'upgrade' event of an HTTP server: opens a connection, or rejects the handshake. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  connectionCount: number
  /** From now on rejects handshakes with 503. Open connections stay open. */
  stopAccepting(): void
  /**
   * Closes every connection with 1012, after which clients reconnect. The closes are spread over three quarters of the
   * time, so that the other gateways receive the clients gradually. Resolves when all are closed. At the deadline the
   * remaining ones are cut off.
   */
  closeInWaves(options: Readonly<{ deadlineMs: number }>): Promise<void>
}>

type Dependencies = Readonly<{
  yoga: OperationRunnerDependencies['yoga']
  authenticator: Authenticator
  admission: ConnectionAdmission
  operationAdmission: Pick<OperationAdmission, 'throttleSend'>
  /** Resolves the live items of subscriptions. */
  payloads: EventPayloads
  config: Pick<Config, 'mode' | 'http'> & Partial<Pick<Config, 'webApp'>>
  clock: Clock
  liveLimits: LiveLimits
  reading: ReadingBudget
  logger: Logger
  limits?: Partial<SocketLimits>
  /** Reads the messages of all connections. Default: a new one. */
  intake?: Intake
}>

/** Sent with a rejected handshake, in seconds. */
const RETRY_AFTER_S = 2
/** A handshake takes a third of a millisecond, and thousands may arrive within a second. */
const HANDSHAKES_PER_TURN = 2

export function createWebSocketEndpoint(dependencies: Dependencies): WebSocketEndpoint {
  const {
    yoga,
    authenticator,
    admission,
    operationAdmission,
    payloads,
    config,
    clock,
    liveLimits,
    reading,
    logger,
    intake = createIntake(),
  } = dependencies
  const limits = { ...SOCKET_LIMITS, ...dependencies.limits }
  const server = new WebSocketServer<typeof OwnedSocket>(serverOptions(limits))
  const operations = createOperationRunner({ yoga, operationAdmission, payloads, intake, liveLimits, logger })
  const protocol = createSocketProtocol({ operations, admission, limits, logger })
  const turnEnd = createTurnEnd()
  const isListedOrigin = createOriginPolicy(config)
  const isAllowedOrigin = (headers: IncomingHttpHeaders): boolean =>
    headers.origin === undefined ||
    isListedOrigin(headers.origin) ||
    (config.webApp === true && isSameOrigin(headers))
  const hostCheck = createHostCheck(config)
  const addressOf = createClientAddress(config.http.trustedProxies)
  const handshakes = createRequestIntake(createIntake(HANDSHAKES_PER_TURN))
  const baseUrlOf = createBaseUrl(config.http)
  const anonymous = new AnonymousSockets({
    maxPerAddress: limits.maxAnonymousPerAddress,
    max: limits.maxAnonymous,
    timeoutMs: limits.signInTimeoutMs,
  })
  const connections = new Set<SocketConnection>()
  let isAccepting = true
  let checkTimer: NodeJS.Timeout | undefined
  let checkedAt = 0
  let isChecking = false

  function rejectionOf(request: IncomingMessage, address: string): UpgradeRejection | undefined {
    const host = hostCheck(request)
    if (host === 'invalid') return { status: 400 }
    if (request.url?.split('?', 1)[0] !== GRAPHQL_PATH) return { status: 404 }
    if (!isAccepting) return { status: 503, retryAfterS: RETRY_AFTER_S }
    if (host === 'foreign' || !isAllowedOrigin(request.headers)) return { status: 403 }
    if (!anonymous.makeRoomFor(address)) return { status: 429, retryAfterS: RETRY_AFTER_S }
    return undefined
  }

  function handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const address = networkOf(addressOf(request))
    const destroy = (): void => void socket.destroy()
    // Nothing else listens while the handshake waits.
    socket.on('error', destroy)
    void handshakes.turn({ address, token: request.headers.authorization ?? '' }).then((isTurn) => {
      socket.off('error', destroy)
      if (socket.destroyed) return
      if (isTurn) answerUpgrade(request, socket, { head, address })
      else rejectUpgrade(socket, { status: 429, retryAfterS: RETRY_AFTER_S })
    })
  }

  type Waited = Readonly<{ head: Buffer; address: string }>

  function answerUpgrade(request: IncomingMessage, socket: Duplex, { head, address }: Waited): void {
    const rejection = rejectionOf(request, address)
    if (rejection !== undefined) rejectUpgrade(socket, rejection)
    else server.handleUpgrade(request, socket, head, (webSocket) => open(webSocket, request, address))
  }

  /** One for all connections: each of them passes itself. */
  const owner: ConnectionOwner = {
    onSignedIn: (connection) => anonymous.remove(connection),
    onClosed(connection) {
      anonymous.remove(connection)
      connections.delete(connection)
      if (connections.size === 0) stopChecks()
    },
  }

  function open(socket: OwnedSocket, request: IncomingMessage, address: string): void {
    const connection = new SocketConnection({
      socket,
      network: request.socket,
      turnEnd,
      owner,
      authenticator,
      liveLimits,
      intake,
      reading,
      limits,
      address,
      baseUrl: baseUrlOf(request),
      authorization: request.headers.authorization,
      scope: beginRequestScope(requestIdIn(request.headers['x-request-id'])),
      logger,
    })
    anonymous.add(address, connection, performance.now())
    connections.add(connection)
    startChecks()
    connection.open(protocol)
    if (socket.protocol !== GRAPHQL_TRANSPORT_WS_PROTOCOL)
      connection.closeWith(CLOSE_CODES.SUBPROTOCOL_NOT_ACCEPTABLE)
  }

  function startChecks(): void {
    if (checkTimer !== undefined) return
    checkedAt = performance.now()
    checkTimer = setInterval(checkAll, limits.checkIntervalMs)
  }

  function stopChecks(): void {
    clearInterval(checkTimer)
    checkTimer = undefined
  }

  /** After this process was suspended, all peers seem to have been silent: what they sent is still unread. */
  function checkAll(): void {
    const now = performance.now()
    const wasSuspended = now - checkedAt > 3 * limits.checkIntervalMs
    checkedAt = now
    if (isChecking) return
    isChecking = true
    void checkInSlices(now, wasSuspended).finally(() => (isChecking = false))
  }

  /** An attacker opens thousands of connections within a second, and their time is over within one, too. */
  async function checkInSlices(now: number, wasSuspended: boolean): Promise<void> {
    await inSlices(connections, (connection) => {
      if (wasSuspended) connection.resetLiveness(now)
      connection.checkTokens(clock.now())
      connection.checkLiveness(now)
    })
    await inSlices(anonymous.overdue(now), (socket) => socket.giveUp('timeout'))
  }

  function checkTokens(): void {
    for (const connection of connections) connection.checkTokens(clock.now())
  }
  // For the life of the gateway, as the endpoint itself.
  authenticator.onRevocation(checkTokens)

  function stopAccepting(): void {
    isAccepting = false
  }

  async function closeInWaves({ deadlineMs }: Readonly<{ deadlineMs: number }>): Promise<void> {
    stopAccepting()
    const deadline = pause(deadlineMs, 'deadline', { ref: false })
    const all = [...connections]
    await inWaves(all, deadlineMs, (connection) => connection.closeWith(CLOSE_CODES.RESTART))
    const allClosed = Promise.all(all.map((connection) => connection.closed))
    if ((await Promise.race([allClosed, deadline])) !== 'deadline') return
    for (const connection of connections) connection.terminate()
    await allClosed
  }

  return {
    handleUpgrade,
    stopAccepting,
    closeInWaves,
    get connectionCount() {
      return connections.size
    },
  }
}

function serverOptions(limits: SocketLimits): ServerOptions<typeof OwnedSocket> {
  // The types of ws lack some of these.
  const hardening = { closeTimeout: limits.closeTimeoutMs, maxFragments: 256, maxBufferedChunks: 4_096 }
  return {
    ...hardening,
    noServer: true,
    WebSocket: OwnedSocket,
    clientTracking: false,
    maxPayload: limits.maxMessageBytes,
    perMessageDeflate: false,
    handleProtocols,
  }
}
