import { NO_SESSIONS } from '../../harness/fixtures/no-sessions.ts'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { makeServer, type Server, type WebSocket as ProtocolSocket } from 'graphql-ws'
import type { DocumentNode, ExecutionArgs, ExecutionResult } from 'graphql'
import type { ResultTexts } from '../../../src/api/list-texts/result-texts.ts'
import { createContextFactory, createSharedContext } from '../../../src/api/context-factory.ts'
import { createSchema } from '../../../src/api/schema.ts'
import type { Session } from '../../../src/auth/session.ts'
import type { LiveItem } from '../../../src/events/signal.ts'
import type { UserId } from '../../../src/ids.ts'
import { createLiveLimits } from '../../../src/quotas/live-limits.ts'
import { createConcurrencyLimit } from '../../../src/quotas/concurrency-limit.ts'
import { createYogaHandler } from '../../../src/transport/http/yoga.ts'
import type { Caller } from '../../../src/transport/pipeline/caller.ts'
import type { Engine } from '../../../src/transport/pipeline/engine.ts'
import { createEventPayloads } from '../../../src/transport/pipeline/event-payloads.ts'
import { SocketSink } from '../../../src/transport/websocket/live-sink.ts'
import { Outbox } from '../../../src/transport/websocket/outbox.ts'
import { captureLog } from '../../harness/fixtures/captured-log.ts'
import type { RandomDocument } from '../../harness/fixtures/random-documents.ts'
import { framesIn } from './frames.ts'
import { createViewerWorld } from './viewer-world.ts'

export const schema = createSchema()

const NOW = Date.parse('2026-11-23T09:00:00.000Z')
const CLIENT_ID = 'the "id" of the client'

type Open = Readonly<{ push(item: LiveItem): Promise<string> }>

/**
 * Subscribes viewers to random documents in two ways. `ordinary`: graphql-ws asks for each result, and writes it.
 * `shared`: live items go to a sink. Both return the text that the client gets for an item.
 */
export function createTwoPaths() {
  const { logger } = captureLog()
  const { services, opened } = createViewerWorld()
  const clock = { now: () => NOW }
  const contextFor = createContextFactory(services, clock)
  const { engine, subscribe } = createYogaHandler({
    schema,
    context: ({ session, openLiveSink, texts }) =>
      contextFor({ session, disconnectSlowReader: undefined, openLiveSink, texts }),
    authenticator: NO_SESSIONS,
    config: { mode: 'production', http: { trustedProxies: [] } },
    documentBudget: { waitMs: () => 0, charge: () => undefined },
    clock,
    logger,
    concurrencyLimit: createConcurrencyLimit(),
    liveLimits: createLiveLimits(),
  })
  const payloads = createEventPayloads({ sharedContext: createSharedContext(services, clock), logger })

  const documents = new Map<string, DocumentNode>()

  async function argsFor(
    viewerId: UserId,
    { query, variables }: RandomDocument,
    more: Readonly<{ openLiveSink?: () => SocketSink; texts?: ResultTexts | undefined }> = {},
  ): Promise<ExecutionArgs> {
    const { parse, contextFactory } = engine()
    const session = { viewer: { userId: viewerId } } as unknown as Session
    const caller: Caller = {
      transport: 'websocket',
      session,
      connection: { id: '', close: () => undefined },
      receivedAt: performance.now(),
      ...more,
    }
    // As the cache of documents does.
    const document = documents.get(query) ?? parse(query)
    documents.set(query, document)
    return { schema, document, variableValues: variables, contextValue: await contextFactory({ caller }) }
  }

  /** Executes a query as a WebSocket does. */
  async function execute(
    viewerId: UserId,
    document: RandomDocument,
    texts: ResultTexts | undefined,
  ): Promise<ExecutionResult> {
    const args = await argsFor(viewerId, document, { texts })
    return (await engine().execute(args)) as ExecutionResult
  }

  function server(args: ExecutionArgs, subscribeFn: Engine['subscribe']): Server<object> {
    return makeServer({ onSubscribe: () => args, subscribe: async (given) => subscribeFn(given) })
  }

  /** Runs the operation. Resolves with the first text after the connection was acknowledged. */
  async function run(
    args: ExecutionArgs,
    viewerId: UserId,
    subscribeFn: Engine['subscribe'],
  ): Promise<{ first: Promise<string> }> {
    const texts: string[] = []
    const arrived = Promise.withResolvers<string>()
    const socket = new TestSocket((text) => {
      if (texts.push(text) > 1) arrived.resolve(text)
    })
    server(args, subscribeFn).opened(socket, {})
    await socket.receive({ type: 'connection_init' })
    void socket.receive({ id: CLIENT_ID, type: 'subscribe', payload: { query: '' } })
    while (opened.get(viewerId) === undefined) await new Promise(setImmediate)
    return { first: arrived.promise }
  }

  return {
    execute,

    async ordinary(viewerId: UserId, document: RandomDocument): Promise<Open> {
      opened.delete(viewerId)
      const { first } = await run(await argsFor(viewerId, document), viewerId, engine().subscribe)
      const stream = opened.get(viewerId)
      return {
        async push(item) {
          stream?.push(item)
          return await first
        },
      }
    },

    async shared(viewerId: UserId, document: RandomDocument): Promise<Open> {
      opened.delete(viewerId)
      const network = new PassThrough()
      const started = Promise.withResolvers<void>()
      const outbox = new Outbox({ readyState: 1, OPEN: 1 }, network, {
        add: (dirty) => void setImmediate(() => dirty.flush()),
      })
      const openLiveSink = (): SocketSink => {
        const sink = new SocketSink({ args, clientId: CLIENT_ID, outbox, payloads })
        const start = sink.start.bind(sink)
        sink.start = (resume) => {
          start(resume)
          started.resolve()
        }
        return sink
      }
      const args = await argsFor(viewerId, document, { openLiveSink })
      await run(args, viewerId, subscribe)
      await started.promise
      const stream = opened.get(viewerId)
      return {
        async push(item) {
          stream?.push(item)
          if (network.readableLength === 0) await once(network, 'readable')
          return framesIn(network.read() as Buffer)[0] ?? ''
        },
      }
    },

    /** Returns the outcome of an execution without a viewer, or undefined if the selection is not shared. */
    async sharedOutcome(viewerId: UserId, document: RandomDocument, item: LiveItem) {
      const cohort = payloads.join(await argsFor(viewerId, document))
      const payload = cohort.shared(item)
      if (payload === undefined) return undefined
      return await new Promise((resolve) => {
        if (payload.outcome === undefined) payload.wait({ settled: resolve })
        else resolve(payload.outcome)
      })
    },
  }
}

/** The socket of graphql-ws, in memory. */
class TestSocket implements ProtocolSocket {
  readonly protocol = 'graphql-transport-ws'
  readonly #onSend: (text: string) => void
  #handle: (text: string) => Promise<void> = () => Promise.resolve()

  constructor(onSend: (text: string) => void) {
    this.#onSend = onSend
  }

  send(text: string): void {
    this.#onSend(text)
  }

  close(): void {}

  onMessage(handle: (text: string) => Promise<void>): void {
    this.#handle = handle
  }

  receive(message: object): Promise<void> {
    return this.#handle(JSON.stringify(message))
  }
}
