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

/** The network side of one gateway. */
export type TransportServer = Readonly<{
  /**
   * Starts listening. `url` is the address of the API for browsers. Rejects with PortError if a port is not available.
   */
  start(): Promise<Readonly<{ url: string }>>
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
  yoga: Pick<YogaHandler, 'handle' | 'closeStreams'>
  websocket: Pick<WebSocketEndpoint, 'handleUpgrade' | 'stopAccepting' | 'closeInWaves'>
  health: Pick<Health, 'handle'>
  /** Served on the admin port only: metrics are for the operator. */
  metrics: Pick<MetricsPage, 'handle'>
  config: Pick<Config, 'mode' | 'http' | 'admin'>
  logger: Logger
}>

const GRACE_MS = 2_000
const RETRY_AFTER_MS = 2_000

/**
 * Slow requests are cut off. Node looks for them every `connectionsCheckingInterval`, by default only every 30 seconds.
 * Idle connections are kept longer than load balancers usually keep them. Otherwise a load balancer sometimes sends a
 * request on a connection that is just being closed.
 */
const HTTP_OPTIONS = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: 75_000,
  // Some clients offer HTTP/2 with every plain request. Without this, such a request would never be answered.
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
    handle(request, response).catch((error: unknown) => fail(response, error))
  })
  server.on('upgrade', websocket.handleUpgrade)
  const admin =
    config.admin &&
    createHttpServer(HTTP_OPTIONS, (request, response) => {
      const isHandled = health.handle(request, response) || metrics.handle(request, response)
      if (!isHandled) sendNotFound(response)
    })

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.split('?', 1)[0]
    if (path === GRAPHQL_PATH) await handleApi(request, response)
    else if (path === '/' && acceptsHtml(request)) response.writeHead(302, { Location: GRAPHQL_PATH }).end()
    else if (!health.handle(request, response)) sendNotFound(response)
  }

  async function handleApi(request: IncomingMessage, response: ServerResponse): Promise<void> {
    setHeaders(response, corsHeaders(request.headers.origin, isAllowedOrigin))
    if (request.method === 'OPTIONS') response.writeHead(204).end()
    else if (isAccepting) await yoga.handle(request, response)
    else sendDraining(response)
  }

  function fail(response: ServerResponse, error: unknown): void {
    logger.error({ err: error }, 'request failed unexpectedly')
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

function acceptsHtml({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.accept?.includes('text/html') === true
}

function sendNotFound(response: ServerResponse): void {
  sendJson(response, 404, { error: `There is nothing at this path. The API is at ${GRAPHQL_PATH}.` })
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
