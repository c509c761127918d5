import { createServer as createHttpServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { Config } from '../config/config.ts'
import type { DocumentBudget } from '../quotas/document-budget.ts'
import type { RefusalBudget } from '../quotas/refusal-budget.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Health } from './health/health.ts'
import type { MetricsPage } from './health/metrics-page.ts'
import { createClientAddress } from './http/client-address.ts'
import { createHostCheck } from './http/host.ts'
import { HeldRefusals } from './http/held-refusals.ts'
import { Listener } from './http/listener.ts'
import type { DemoPage } from './http/demo-page.ts'
import type { MediaEndpoint } from './http/media.ts'
import { createCorsHeaders } from './http/origins.ts'
import { createRequestIntake, REQUESTS_PER_TURN } from './http/request-intake.ts'
import { ANSWER_LIMITS, type AnswerLimits, UnreadAnswers } from './http/unread-answers.ts'
import type { WebApp } from './http/web-app.ts'
import { createIntake } from './pipeline/intake.ts'
import { createRequestHandler, sendNotFound } from './request-handler.ts'
import type { WebSocketEndpoint } from './websocket/endpoint.ts'
import type { YogaHandler } from './http/yoga.ts'

/** The network side of one gateway. */
export type TransportServer = Readonly<{
  /**
   * Starts listening. `url` is the address of the API for browsers, and `serverApiUrl` that of the server API. Rejects
   * with PortError if a port is not available.
   */
  start(): Promise<Readonly<{ url: string; serverApiUrl: string | undefined }>>
  /** From now on rejects operations and handshakes as UNAVAILABLE and retryable. Health checks still work. */
  stopAccepting(): void
  /**
   * Closes WebSockets and streams over HTTP so that clients reconnect to other gateways. The closes are spread over
   * three quarters of the time. Resolves when the WebSockets are closed. At the deadline the remaining ones are cut
   * off.
   */
  closeInWaves(options: Readonly<{ deadlineMs: number }>): Promise<void>
  /** Stops listening. Resolves when running requests are answered, or cut off after `graceMs` (default 2 s). */
  stop(options?: Readonly<{ graceMs?: number }>): Promise<void>
}>

type Dependencies = Readonly<{
  yoga: Pick<YogaHandler, 'handle' | 'senders' | 'closeStreams'>
  websocket: Pick<WebSocketEndpoint, 'handleUpgrade' | 'stopAccepting' | 'closeInWaves'>
  health: Pick<Health, 'handle'>
  /** Undefined if the web app is off. */
  webApp?: WebApp | undefined
  /** Undefined if the web app is off. */
  demoPage?: DemoPage | undefined
  /** The server API, on a port of its own, so that no client can reach it. Undefined if it is off. */
  serverApi?: Pick<YogaHandler, 'handle'> | undefined
  media?: MediaEndpoint | undefined
  /** Served on the admin port only: metrics are for the operator. */
  metrics: Pick<MetricsPage, 'handle'>
  config: Pick<Config, 'mode' | 'http' | 'admin' | 'serverApi'>
  refusals: RefusalBudget
  /** Of clients without a token. */
  pace: DocumentBudget
  logger: Logger
  answerLimits?: Partial<AnswerLimits>
}>

const GRACE_MS = 2_000

/**
 * Slow headers are cut off; Node looks for them every `connectionsCheckingInterval`, by default only every 30 seconds.
 * Slow bodies are cut off by `limitBodyTime`, because uploads take longer than operations.
 * Idle connections are kept longer than load balancers usually keep them. Otherwise a load balancer sometimes sends a
 * request on a connection that is just being closed.
 */
const HTTP_OPTIONS = {
  headersTimeout: 10_000,
  requestTimeout: 0,
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: 75_000,
  // Some clients offer HTTP/2 with every plain request. Without this, such a request would never be answered.
  shouldUpgradeCallback: ({ headers }: IncomingMessage) => headers.upgrade?.toLowerCase() === 'websocket',
  maxHeaderSize: 16 * 1024,
}

export function createServer({
  yoga,
  websocket,
  health,
  webApp,
  demoPage,
  serverApi,
  media,
  metrics,
  config,
  refusals,
  pace,
  logger,
  answerLimits,
}: Dependencies): TransportServer {
  let isAccepting = true
  const hostCheck = createHostCheck(config)
  const limits = { ...ANSWER_LIMITS, ...answerLimits }
  const addressOf = createClientAddress(config.http.trustedProxies)
  const intake = createIntake(REQUESTS_PER_TURN)
  const handleRequest = createRequestHandler({
    yoga,
    health,
    webApp,
    demoPage,
    media,
    corsHeaders: createCorsHeaders(config),
    hostCheck,
    unreadAnswers: new UnreadAnswers(addressOf, limits),
    fairness: {
      senders: yoga.senders,
      refusals,
      held: new HeldRefusals(),
      intake: createRequestIntake(intake),
      pacedIntake: createRequestIntake(intake, { pace }),
      pace,
    },
    isAccepting: () => isAccepting,
    logger,
  })
  const server = createHttpServer(HTTP_OPTIONS)
  server.on('upgrade', websocket.handleUpgrade)
  const listener = new Listener(server, (request, response) => {
    // Node counts as activity that the peer has taken a part of a long answer. Without a request there is no answer: a
    // timeout of the server as a whole would leave its timer with each WebSocket.
    request.socket.setTimeout(limits.writeTimeoutMs)
    handleRequest(request, response)
  })
  const adminListener =
    config.admin &&
    new Listener(createHttpServer(HTTP_OPTIONS), (request, response) => {
      const isHandled = health.handle(request, response, 'operator') || metrics.handle(request, response)
      if (!isHandled) sendNotFound(response)
    })

  const serverListener =
    serverApi &&
    new Listener(
      createHttpServer(HTTP_OPTIONS),
      createRequestHandler({
        yoga: serverApi,
        health,
        corsHeaders: () => ({}),
        hostCheck,
        isAccepting: () => isAccepting,
        logger,
      }),
    )

  async function stopListening(graceMs: number): Promise<void> {
    const closing = [listener, adminListener, serverListener].map(async (one) => one?.close(graceMs))
    await Promise.all(closing)
  }

  async function closeInWaves(options: Readonly<{ deadlineMs: number }>): Promise<void> {
    await Promise.all([websocket.closeInWaves(options), yoga.closeStreams(options)])
  }

  return {
    async start() {
      try {
        if (config.admin !== undefined) await adminListener?.open(config.admin, 'ADMIN_PORT')
        const serverApiUrl = config.serverApi && (await serverListener?.open(config.serverApi, 'SERVER_PORT'))
        return { url: await listener.open(config.http, 'PORT'), serverApiUrl }
      } catch (error) {
        await stopListening(0)
        throw error
      }
    },
    stopAccepting() {
      isAccepting = false
      websocket.stopAccepting()
    },
    closeInWaves,
    async stop({ graceMs = GRACE_MS } = {}) {
      await closeInWaves({ deadlineMs: graceMs })
      await stopListening(graceMs)
    },
  }
}
