import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { handleProtocols } from 'graphql-ws'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import type { Authenticator } from '../../auth/session.ts'
import type { Config } from '../../config/config.ts'
import type { Clock } from '../../lib/clock.ts'
import type { OperationAdmission } from '../../overload/operation-admission.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { ConnectionAdmission } from './connection-admission.ts'
import { AnonymousSockets } from './anonymous-sockets.ts'
import { createClientAddress } from '../http/client-address.ts'
import { CLOSE_CODES } from './close-codes.ts'
import { createOriginPolicy } from '../http/origins.ts'
import { SocketConnection } from './connection.ts'
import { SOCKET_LIMITS } from './limits.ts'
import type { SocketLimits } from './limits.ts'
import { createSocketProtocol } from './protocol.ts'
import { SocketSessions } from './sessions.ts'
import { createIntake, type Intake } from './intake.ts'
import { rejectUpgrade } from './upgrade-rejection.ts'
import type { UpgradeRejection } from './upgrade-rejection.ts'
import { inWaves } from '../../lib/waves.ts'
import { GRAPHQL_PATH } from '../http/yoga.ts'
import type { YogaHandler } from '../http/yoga.ts'

/** GraphQL over WebSockets, on the API's path. */
export type WebSocketEndpoint = Readonly<{
  /** For the 'upgrade' event of an HTTP server: opens a connection, or answers why not. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  connectionCount: number
  /** From now on whoever asks is told to come back, 503; open connections stay. */
  stopAccepting(): void
  /**
   * Closes every connection with 1012, on which clients come back, spread over three quarters of the time, so that
   * the other gateways get them bit by bit. Resolves when all are closed; at the deadline what is left is cut off.
   */
  closeInWaves(options: Readonly<{ deadlineMs: number }>): Promise<void>
}>

type Dependencies = Readonly<{
  yoga: Pick<YogaHandler, 'engine'>
  authenticator: Authenticator
  admission: ConnectionAdmission
  sends: Pick<OperationAdmission, 'throttleSend'>
  config: Pick<Config, 'mode' | 'http'>
  clock: Clock
  logger: Logger
  limits?: Partial<SocketLimits>
  /** What all connections' messages go through; one of its own unless given. */
  intake?: Intake
}>

/** How long a client that is refused during a restart should wait, in seconds. */
const RETRY_AFTER_S = 2

export function createWebSocketEndpoint(dependencies: Dependencies): WebSocketEndpoint {
  const {
    yoga,
    authenticator,
    admission,
    sends,
    config,
    clock,
    logger,
    intake = createIntake(),
  } = dependencies
  const limits = { ...SOCKET_LIMITS, ...dependencies.limits }
  const server = new WebSocketServer(serverOptions(limits))
  const protocol = createSocketProtocol({ yoga, admission, sends, intake, limits, logger })
  const isAllowedOrigin = createOriginPolicy(config)
  const addressOf = createClientAddress(config.http.trustedProxies)
  const anonymous = new AnonymousSockets(limits.maxAnonymousPerAddress)
  const connections = new Set<SocketConnection>()
  let isAccepting = true
  let lookout: NodeJS.Timeout | undefined
  let lookedAt = 0

  function refusalOf({ url = '', headers }: IncomingMessage, address: string): UpgradeRejection | undefined {
    if (url.split('?', 1)[0] !== GRAPHQL_PATH) return { status: 404 }
    if (!isAccepting) return { status: 503, retryAfterS: RETRY_AFTER_S }
    if (headers.origin !== undefined && !isAllowedOrigin(headers.origin)) return { status: 403 }
    if (!anonymous.hasRoomFor(address)) return { status: 429, retryAfterS: RETRY_AFTER_S }
    return undefined
  }

  function handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const address = addressOf(request)
    const refusal = refusalOf(request, address)
    if (refusal !== undefined) rejectUpgrade(socket, refusal)
    else server.handleUpgrade(request, socket, head, (webSocket) => open(webSocket, socket, address))
  }

  function open(socket: WebSocket, network: Duplex, address: string): void {
    const leaveAnonymous = anonymous.add(address)
    const sessions = new SocketSessions(authenticator, leaveAnonymous)
    const connection = new SocketConnection({ socket, network, sessions, intake, limits, logger })
    connections.add(connection)
    startLooking()
    void connection.closed.then(() => {
      leaveAnonymous()
      connections.delete(connection)
      if (connections.size === 0) stopLooking()
    })
    connection.open(protocol)
  }

  function startLooking(): void {
    if (lookout !== undefined) return
    lookedAt = performance.now()
    lookout = setInterval(look, limits.checkIntervalMs)
  }

  function stopLooking(): void {
    clearInterval(lookout)
    lookout = undefined
  }

  /** When this process was stopped for a while, everybody seems to have been silent: their answers are still unread. */
  function look(): void {
    const now = performance.now()
    const wasAway = now - lookedAt > 3 * limits.checkIntervalMs
    lookedAt = now
    for (const connection of connections) {
      if (wasAway) connection.resetLiveness(now)
      connection.checkLiveness(now, clock.now())
    }
  }

  function stopAccepting(): void {
    isAccepting = false
  }

  async function closeInWaves({ deadlineMs }: Readonly<{ deadlineMs: number }>): Promise<void> {
    stopAccepting()
    const over = pause(deadlineMs, 'over', { ref: false })
    const all = [...connections]
    const { code, reason } = CLOSE_CODES.RESTART
    await inWaves(all, deadlineMs, (connection) => connection.close(code, reason))
    const allClosed = Promise.all(all.map((connection) => connection.closed))
    if ((await Promise.race([allClosed, over])) !== 'over') return
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

function serverOptions(limits: SocketLimits): ConstructorParameters<typeof WebSocketServer>[0] {
  // Not all of these are known to the types of ws.
  const hardening = { closeTimeout: limits.closeTimeoutMs, maxFragments: 256, maxBufferedChunks: 4_096 }
  return {
    ...hardening,
    noServer: true,
    clientTracking: false,
    maxPayload: limits.maxMessageBytes,
    perMessageDeflate: false,
    handleProtocols,
  }
}
