import { randomUUID } from 'node:crypto'
import { circuitBreaker, type CircuitBreakerPolicy, ConsecutiveBreaker, handleAll } from 'cockatiel'
import { Webhook as Signer } from 'standardwebhooks'
import type { Post } from './outgoing-post.ts'

/** A service of the product that decides about something before Parley goes on. */
export type HookClient = Readonly<{
  /**
   * Posts a question, signed by Standard Webhooks, and returns what `read` makes of the answer's body. Rejects after
   * the time limit, for a status other than 200, if `read` throws, and while the service is not asked.
   */
  ask<Answer>(type: string, data: object, read: (body: string) => Answer): Promise<Answer>
}>

export type HookClientOptions = Readonly<{
  url: string
  secret: string
  timeoutMs: number
  post: Post
  /** Called when the service fails so often that it is not asked for a while. */
  onBreak?(): void
  /** Called when it answers again. */
  onReset?(): void
}>

const MAX_ANSWER_BYTES = 64 * 1024
/** After this many failures in a row, the service is not asked for a while, so that nothing waits for it. */
const MAX_FAILURES = 5
const RETRY_AFTER_MS = 10_000

/*
 * The circuit:
 *
 *            5 failures in a row                 10 s
 *   closed ───────────────────────▶ open ──────────────────▶ half-open
 *     ▲                               ▲                        │   │
 *     └───────────────────────────────┼──── one call succeeds ─┘   │
 *                                     └──── it fails ──────────────┘
 *
 * While it is open, nothing waits for the service.
 */
export function createHookClient(options: HookClientOptions): HookClient {
  const circuit: CircuitBreakerPolicy = circuitBreaker(handleAll, {
    halfOpenAfter: RETRY_AFTER_MS,
    breaker: new ConsecutiveBreaker(MAX_FAILURES),
  })
  circuit.onBreak(() => options.onBreak?.())
  circuit.onReset(() => options.onReset?.())
  return {
    ask: (type, data, read) => circuit.execute(async () => read(await askOnce(type, data, options))),
  }
}

async function askOnce(type: string, data: object, options: HookClientOptions): Promise<string> {
  const { url, secret, timeoutMs, post } = options
  const now = new Date()
  const id = `hook_${randomUUID()}`
  const body = JSON.stringify({ type, timestamp: now.toISOString(), data })
  const posted = await post({
    url,
    body,
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
      'webhook-signature': new Signer(secret).sign(id, now, body),
    },
    // The operator has configured the address.
    allowsPrivate: true,
    timeoutMs,
    maxBodyBytes: MAX_ANSWER_BYTES,
  })
  if (posted.type === 'failed') throw new Error(posted.reason)
  if (posted.status !== 200) throw new Error(`status ${posted.status}`)
  return posted.body
}
