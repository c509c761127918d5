import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { Webhook as Verifier } from 'standardwebhooks'
import { withDatabase } from '../../../src/cli/commands/with-database.ts'
import { DEFAULT_WEBHOOK_TYPES } from '../../../src/followers/webhooks/webhook.ts'
import { createWebhooks, type WebhookInput, type Webhooks } from '../../../src/followers/webhooks/webhooks.ts'
import { EventQueue } from '../fixtures/event-queue.ts'

/** A message as the receiver has it, verified with the secret. */
export type Received = Readonly<{
  id: string
  type: string
  timestamp: string
  /** `seq` is missing in a gap. */
  data: Readonly<{ chatId: string; seq?: number; [field: string]: unknown }>
}>

/** A server of the product that takes webhooks. */
export type WebhookReceiver = AsyncDisposable &
  Readonly<{
    url: string
    /** The id of its webhook. */
    id: string
    secret: string
    /** All messages that were accepted, in order of arrival. */
    accepted: EventQueue<Received>
    /** How many requests have come, accepted or not. */
    requestCount(): number
    /** Answers requests with another status, until it is called again. Default: 204. */
    answerWith(answer: (message: Received) => Answer): void
    /** Manages the webhooks of the database, as an operator does. */
    operate<Result>(work: (webhooks: Webhooks) => Promise<Result>): Promise<Result>
  }>

type Answer = Readonly<{ status: number; headers?: Readonly<Record<string, string>> }>

/** The types of chats. */
const TYPES = DEFAULT_WEBHOOK_TYPES.filter((type) => type !== 'user.changed')
const INPUT = { types: TYPES, hasContent: false, allowsPrivate: true, pendingAfterS: 30 }

/** Starts a receiver, and creates its webhook in the database. */
export async function startReceiver(
  databaseUrl: string,
  input: Partial<WebhookInput> = {},
): Promise<WebhookReceiver> {
  const accepted = new EventQueue<Received>()
  let answer = (_: Received): Answer => ({ status: 204 })
  let requests = 0
  let secret = ''

  async function receive(request: IncomingMessage): Promise<Answer> {
    requests += 1
    const headers = request.headers as Record<string, string>
    const verified = new Verifier(secret).verify(await text(request), headers) as Omit<Received, 'id'>
    const message = { ...verified, id: headers['webhook-id'] ?? '' }
    const given = answer(message)
    if (given.status < 300) accepted.push(message)
    return given
  }

  const server = createServer((request, response) => {
    receive(request).then(
      ({ status, headers }) => response.writeHead(status, headers).end(),
      (error: unknown) => response.writeHead(400).end(String(error)),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/parley`
  const operate: WebhookReceiver['operate'] = (work) =>
    withDatabase(databaseUrl, ({ writer }) => work(createWebhooks({ writer })))
  const webhook = await operate((webhooks) => webhooks.create({ ...INPUT, url, ...input }))
  secret = webhook.secrets[0] ?? ''

  return {
    url,
    id: webhook.id,
    secret,
    accepted,
    requestCount: () => requests,
    answerWith: (next) => (answer = next),
    operate,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}
