import { createDocumentBudget } from '../../../src/quotas/document-budget.ts'
import { createLiveLimits } from '../../../src/quotas/live-limits.ts'
import { createConcurrencyLimit } from '../../../src/quotas/concurrency-limit.ts'
import { createSchema } from 'graphql-yoga'
import { expect, test } from 'vitest'
import type { Session } from '../../../src/auth/session.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import type { Caller } from '../../../src/transport/pipeline/caller.ts'
import type { Engine } from '../../../src/transport/pipeline/engine.ts'
import { NO_SESSIONS } from '../../harness/fixtures/no-sessions.ts'
import { createYogaHandler } from '../../../src/transport/http/yoga.ts'

const connection = { id: 'the connection', close: () => undefined }

function createEngine(seen: Caller[] = []): () => Engine {
  const { engine } = createYogaHandler({
    concurrencyLimit: createConcurrencyLimit(),
    liveLimits: createLiveLimits(),
    documentBudget: createDocumentBudget(),
    schema: createSchema({ typeDefs: 'type Query { name: String }' }),
    context: (caller) => {
      seen.push(caller)
      return { mine: caller.transport }
    },
    authenticator: NO_SESSIONS,
    config: { mode: 'production', http: { trustedProxies: [] } },
    clock: { now: Date.now },
    logger: createLogger({ level: 'silent', pretty: false }),
  })
  return engine
}

test('parses and validates a document once for many operations', () => {
  const engine = createEngine()
  const [first, second] = [engine(), engine()]
  const document = first.parse('{ name }')
  const errors = first.validate(first.schema, document)
  expect(second.parse('{ name }')).toBe(document)
  expect(second.validate(second.schema, document)).toBe(errors)
})

test('returns the same errors for an invalid document again, and sends no HTTP hints with them', () => {
  const engine = createEngine()
  const errors = [engine(), engine()].map(({ schema, parse, validate }) =>
    validate(schema, parse('{ nothing }')),
  )
  expect(errors[0]).toEqual(errors[1])
  expect(JSON.parse(JSON.stringify(errors[1]))).toMatchObject([
    { extensions: { code: 'BAD_USER_INPUT', retryable: false } },
  ])
  expect(JSON.stringify(errors)).not.toContain('http')
})

test('creates a context from the caller for each operation', async () => {
  const seen: Caller[] = []
  const engine = createEngine(seen)
  const caller: Caller = {
    transport: 'websocket',
    session: undefined,
    connection,
    receivedAt: performance.now(),
  }
  const contexts = [await engine().contextFactory({ caller }), await engine().contextFactory({ caller })]
  expect(contexts).toMatchObject([{ mine: 'websocket' }, { mine: 'websocket' }])
  expect(contexts[0]).not.toBe(contexts[1])
  expect(seen).toEqual([caller, caller])
})

test('rejects an operation whose deadline passed while it was queued, without running it', async () => {
  const done: string[] = []
  const name = (): string => {
    done.push('name')
    return 'Alice'
  }
  const { engine } = createYogaHandler({
    concurrencyLimit: createConcurrencyLimit(),
    liveLimits: createLiveLimits(),
    documentBudget: createDocumentBudget(),
    schema: createSchema({ typeDefs: 'type Query { name: String }', resolvers: { Query: { name } } }),
    context: () => ({}),
    authenticator: NO_SESSIONS,
    config: { mode: 'production', http: { trustedProxies: [] } },
    clock: { now: Date.now },
    logger: createLogger({ level: 'silent', pretty: false }),
  })
  const session = { viewer: { userId: 'alice' } } as unknown as Session
  async function answerTo(receivedAt: number): Promise<unknown> {
    const { schema, parse, contextFactory, execute } = engine()
    const caller: Caller = { transport: 'websocket', session, connection, receivedAt }
    return execute({ schema, document: parse('{ name }'), contextValue: await contextFactory({ caller }) })
  }
  expect(await answerTo(performance.now() - 10_000)).toMatchObject({
    errors: [{ extensions: { code: 'UNAVAILABLE', retryable: true } }],
  })
  expect(done).toEqual([])
  expect(await answerTo(performance.now())).toEqual({ data: { name: 'Alice' } })
})
