import { createServer as createHttpServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Config } from '../config/config.ts'
import { unavailable } from '../errors.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Health } from './health/health.ts'
import { sendJson } from './http/json-response.ts'
import type { MetricsPage } from './health/metrics-page.ts'
import { Listener } from './http/listener.ts'
import { corsHeaders, createOriginPolicy } from './http/origins.ts'
import type { WebSocketEndpoint } from './websocket/endpoint.ts'
import { GRAPHQL_PATH } from './http/yoga.ts'
import type { YogaHandler } from './http/yoga.ts'

/** The network side of one instance. */
export type TransportServer = Readonly<{
  /** Listens; `url` is where browsers find the API. Rejects with PortError where a port can't be had. */
  start(): Promise<Readonly<{ url: string }>>
  /** From now on operations and handshakes are refused as UNAVAILABLE, retryable; health is still answered. */
  stopAccepting(): void
  /**
   * Sends those who are connected elsewhere, WebSockets and streams over HTTP alike, spread over three quarters of the
   * time. Resolves when the WebSockets are closed; at the deadline what is left of them is cut off.
   */
  closeInWaves(options: Readonly<{ deadlineMs: number }>): Promise<void>
  /** Stops listening; resolves when the requests under way are answered, or cut off after `graceMs` (default 2 s). */
  stop(options?: Readonly<{ graceMs?: number }>): Promise<void>
}>

type Dependencies = Readonly<{
  yoga: Pick<YogaHandler, 'handle' | 'closeStreams'>
  websocket: Pick<WebSocketEndpoint, 'handleUpgrade' | 'stopAccepting' | 'closeInWaves'>
  health: Pick<Health, 'handle'>
  /** Served on the admin port alone: who counts what is the operator's business. */
  metrics: Pick<MetricsPage, 'handle'>
  config: Pick<Config, 'mode' | 'http' | 'admin'>
  logger: Logger
}>

const GRACE_MS = 2_000
const RETRY_AFTER_MS = 2_000

/**
 * Requests that dawdle are cut off: Node looks for them every `connectionsCheckingInterval`, by default only every
 * half minute. Idle connections are kept for longer than load balancers commonly do, which otherwise now and then
 * send a request into a connection that is just being closed.
 */
const HTTP_OPTIONS = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: 75_000,
  // Some clients offer HTTP/2 with every plain request; without this such a request would go unanswered.
  shouldUpgradeCallback: ({ headers }: IncomingMessage) => headers.upgrade?.toLowerCase() === 'websocket',
  maxHeaderSize: 16 * 1024,
}

const SECURITY_HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const

export function createServer({
  yoga,
  websocket,
  health,
  metrics,
  config,
  logger,
}: Dependencies): TransportServer {
  const isAllowedOrigin = createOriginPolicy(config)
  let isAccepting = true
  const server = createHttpServer(HTTP_OPTIONS, (request, response) => {
    setHeaders(response, SECURITY_HEADERS)
    answer(request, response).catch((error: unknown) => fail(response, error))
  })
  server.on('upgrade', websocket.handleUpgrade)
  const admin =
    config.admin &&
    createHttpServer(HTTP_OPTIONS, (request, response) => {
      const isAnswered = health.handle(request, response) || metrics.handle(request, response)
      if (!isAnswered) sendNotFound(response)
    })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.split('?', 1)[0]
    if (path === GRAPHQL_PATH) await answerApi(request, response)
    else if (path === '/' && wantsPage(request)) response.writeHead(302, { Location: GRAPHQL_PATH }).end()
    else if (!health.handle(request, response)) sendNotFound(response)
  }

  async function answerApi(request: IncomingMessage, response: ServerResponse): Promise<void> {
    setHeaders(response, corsHeaders(request.headers.origin, isAllowedOrigin))
    if (request.method === 'OPTIONS') response.writeHead(204).end()
    else if (isAccepting) await yoga.handle(request, response)
    else sendDraining(response)
  }

  function fail(response: ServerResponse, error: unknown): void {
    logger.error({ err: error }, 'a request could not be answered')
    if (response.headersSent) response.destroy()
    else sendJson(response, 500, { error: 'Unexpected error.' })
  }

  const listener = new Listener(server)
  const adminListener = admin && new Listener(admin)

  async function stopListening(graceMs: number): Promise<void> {
    await Promise.all([listener.close(graceMs), adminListener?.close(graceMs)])
  }

  async function closeInWaves(options: Readonly<{ deadlineMs: number }>): Promise<void> {
    await Promise.all([websocket.closeInWaves(options), yoga.closeStreams(options)])
  }

  return {
    async start() {
      try {
        if (config.admin !== undefined) await adminListener?.open(config.admin, 'ADMIN_PORT')
        return { url: await listener.open(config.http, 'PORT') }
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

function setHeaders(response: ServerResponse, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
}

function wantsPage({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.accept?.includes('text/html') === true
}

function sendNotFound(response: ServerResponse): void {
  sendJson(response, 404, { error: `Nothing here; the API is at ${GRAPHQL_PATH}.` })
}

function sendDraining(response: ServerResponse): void {
  const { message, extensions } = unavailable(
    'This gateway is restarting. Try again.',
    undefined,
    RETRY_AFTER_MS,
  )
  const headers = { 'Retry-After': String(RETRY_AFTER_MS / 1000), Connection: 'close' }
  sendJson(response, 503, { errors: [{ message, extensions }] }, headers)
}
