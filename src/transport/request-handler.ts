import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { errorExtensions, unavailable } from '../errors.ts'
import type { DocumentBudget } from '../quotas/document-budget.ts'
import type { RefusalBudget } from '../quotas/refusal-budget.ts'
import type { Logger } from '../telemetry/logger.ts'
import { beginRequestScope, requestIdIn } from '../telemetry/request-id.ts'
import type { Health } from './health/health.ts'
import { limitBodyTime } from './http/body-deadline.ts'
import { sendJson } from './http/json-response.ts'
import type { DemoPage } from './http/demo-page.ts'
import type { HostCheck } from './http/host.ts'
import type { MediaEndpoint } from './http/media.ts'
import type { HeldRefusals } from './http/held-refusals.ts'
import type { CorsHeaders } from './http/origins.ts'
import type { RequestIntake } from './http/request-intake.ts'
import { keyOf, type Sender, type Senders } from './http/senders.ts'
import type { UnreadAnswers } from './http/unread-answers.ts'
import type { WebApp } from './http/web-app.ts'
import { GRAPHQL_PATH, type YogaHandler } from './http/yoga.ts'

const RETRY_AFTER_MS = 2_000
const MIN_RETRY_AFTER_MS = 1_000

/** The time that a small query takes over HTTP, from its bytes to those of its answer, in milliseconds. */
const REQUEST_MS = 0.5

const IGNORES_RETRY_AFTER =
  'Too many operations were sent before the time in "retryAfterMs". Pause, then continue.'
const TOO_MANY_WAIT = 'Too many requests of your address wait. Send fewer at once.'

const INVALID_HOST =
  'The Host header is invalid. Send one with the name or address of this server, and its port.'
const FOREIGN_HOST =
  'In development this server answers to addresses and local names only. Use one, or set HOST or ALLOWED_ORIGINS.'

const SECURITY_HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const

/** Keeps a client from delaying others. */
type Fairness = Readonly<{
  senders: Senders
  refusals: RefusalBudget
  held: HeldRefusals
  intake: RequestIntake
  /** For requests without a token that was valid before. They wait while their address is in debt. */
  pacedIntake: RequestIntake
  pace: DocumentBudget
}>

type Dependencies = Readonly<{
  yoga: Pick<YogaHandler, 'handle'>
  health: Pick<Health, 'handle'>
  /** Undefined if the web app is off. */
  webApp?: WebApp | undefined
  /** Undefined if the web app is off. */
  demoPage?: DemoPage | undefined
  media?: MediaEndpoint | undefined
  corsHeaders: CorsHeaders
  hostCheck: HostCheck
  /** Undefined for trusted clients. */
  unreadAnswers?: Pick<UnreadAnswers, 'admit'> | undefined
  /** Undefined for trusted clients. */
  fairness?: Fairness | undefined
  /** Returns false while the gateway drains: the API answers UNAVAILABLE, and health still works. */
  isAccepting(): boolean
  logger: Logger
}>

/**
 * Routes the requests of the public port: the API, the web app and health. Without the web app, the root redirects to
 * the API.
 */
export function createRequestHandler(dependencies: Dependencies): RequestListener {
  const {
    yoga,
    health,
    webApp,
    demoPage,
    media,
    corsHeaders,
    hostCheck,
    unreadAnswers,
    fairness,
    isAccepting,
    logger,
  } = dependencies

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.split('?', 1)[0]
    if ((await media?.handle(request, response)) === true) return
    limitBodyTime(request)
    if (path === GRAPHQL_PATH) return handleApi(request, response)
    if ((await webApp?.handle(request, response)) === true) return
    if ((await demoPage?.handle(request, response)) === true) return
    if (path === '/' && acceptsHtml(request)) response.writeHead(302, { Location: GRAPHQL_PATH }).end()
    else if (!health.handle(request, response, 'public')) sendNotFound(response)
  }

  async function handleApi(request: IncomingMessage, response: ServerResponse): Promise<void> {
    setHeaders(response, corsHeaders(request.headers.origin))
    if (unreadAnswers?.admit(request, response) === false) return sendUnread(response)
    if (request.method === 'OPTIONS') return void response.writeHead(204).end()
    if (!isAccepting()) return sendDraining(response)
    if (fairness === undefined) return yoga.handle(request, response)
    const sender = await turnOf(request, response, fairness)
    if (sender === undefined) return
    await yoga.handle(request, response)
    chargeAnonymous(sender, fairness)
  }

  function fail(response: ServerResponse, error: unknown): void {
    logger.error({ err: error }, 'request failed unexpectedly')
    if (response.headersSent) response.destroy()
    else sendJson(response, 500, { error: 'Unexpected error.' })
  }

  return (request, response) => {
    setHeaders(response, SECURITY_HEADERS)
    const host = hostCheck(request)
    if (host === 'invalid') return sendJson(response, 400, { error: INVALID_HOST })
    if (host === 'foreign') return sendJson(response, 403, { error: FOREIGN_HOST })
    const scope = beginRequestScope(requestIdIn(request.headers['x-request-id']))
    response.once('close', scope.dispose)
    scope.run(() => {
      handle(request, response).catch((error: unknown) => fail(response, error))
    })
  }
}

export function sendNotFound(response: ServerResponse): void {
  sendJson(response, 404, { error: `There is nothing at this path. The API is at ${GRAPHQL_PATH}.` })
}

function setHeaders(response: ServerResponse, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
}

function acceptsHtml({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.accept?.includes('text/html') === true
}

/** Resolves with its sender when it is the request's turn. Resolves with undefined if the request was answered. */
async function turnOf(
  request: IncomingMessage,
  response: ServerResponse,
  fairness: Fairness,
): Promise<Sender | undefined> {
  const { refusals, held } = fairness
  const sender = await payingSender(request, fairness)
  const intake = sender.isVerified ? fairness.intake : fairness.pacedIntake
  const waitMs = refusals.waitMs(keyOf(sender))
  if (waitMs === 0 && (await intake.turn(sender))) return sender
  refusals.charge(keyOf(sender))
  const text = waitMs > 0 ? IGNORES_RETRY_AFTER : TOO_MANY_WAIT
  // A client that is not held has to connect again before it can repeat the request.
  if (!(await held.hold(sender.address, waitMs))) response.setHeader('Connection', 'close')
  if (response.destroyed) return undefined
  sendLimited(response, text, Math.max(waitMs, MIN_RETRY_AFTER_MS))
  return undefined
}

/**
 * A client without a token can ask for little, and must not keep the gateway busy with that. Its address pays, for
 * requests here and for messages over WebSockets. A user with a new token does not pay.
 */
function chargeAnonymous(sender: Sender, { senders, pace }: Fairness): void {
  if (!senders.isVerified(sender.token)) pace.charge(keyOf(sender), REQUEST_MS)
}

/**
 * Returns the sender whose budget the request uses. Once the address is in debt, unknown tokens are verified. Its users
 * then pay for themselves, and not for clients that invent tokens behind the same address.
 */
async function payingSender(
  request: IncomingMessage,
  { senders, refusals, pace }: Fairness,
): Promise<Sender> {
  const sender = senders.of(request)
  const isInDebt = refusals.waitMs(keyOf(sender)) > 0 || pace.waitMs(keyOf(sender)) > 0
  if (sender.isVerified || sender.token === '' || !isInDebt) return sender
  await senders.sessionOf(request)
  return senders.of(request)
}

/** The connection ends, so that its unread answers are freed too if this one is not read either. */
function sendUnread(response: ServerResponse): void {
  response.setHeader('Connection', 'close')
  sendLimited(response, 'Read the answers to your earlier requests first.', RETRY_AFTER_MS)
}

function sendLimited(response: ServerResponse, message: string, retryAfterMs: number): void {
  const extensions = errorExtensions('RATE_LIMITED', retryAfterMs)
  const headers = { 'Retry-After': String(Math.ceil(retryAfterMs / 1000)) }
  sendJson(response, 429, { errors: [{ message, extensions }] }, headers)
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
