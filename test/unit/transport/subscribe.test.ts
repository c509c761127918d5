import { type ExecutionArgs, parse } from 'graphql'
import { createSchema } from 'graphql-yoga'
import { expect, test, vi } from 'vitest'
import { unavailable } from '../../../src/errors.ts'
import { PushStream } from '../../../src/lib/push-stream.ts'
import type { Outcome } from '../../../src/transport/pipeline/engine.ts'
import { createSubscribe } from '../../../src/transport/pipeline/subscribe.ts'
import { captureLog } from '../../harness/fixtures/captured-log.ts'

const DONE = { done: true, value: undefined }

type Resolve = (n: number) => unknown

async function subscribe(source: () => unknown, resolve: Resolve = (n) => n) {
  const schema = createSchema({
    typeDefs: 'type Query { a: Int } type Subscription { n: Int } ',
    resolvers: { Subscription: { n: { subscribe: source as () => AsyncIterable<unknown>, resolve } } },
  })
  const args: ExecutionArgs = { schema, document: parse('subscription { n }') }
  return createSubscribe({ hideSuggestions: true, logger: captureLog().logger })(args)
}

async function open(source: () => unknown, resolve?: Resolve) {
  const outcome: Outcome = await subscribe(source, resolve)
  if (!(Symbol.asyncIterator in outcome)) throw new Error('The outcome is no stream')
  return outcome
}

test('executes the operation for each event, and masks errors', async () => {
  const stream = new PushStream<number>({})
  const results = await open(
    () => stream,
    (n) => {
      if (n === 2) throw new Error('password=hunter2')
      return n
    },
  )
  stream.push(1)
  expect(await results.next()).toEqual({ done: false, value: { data: { n: 1 } } })
  stream.push(2)
  expect(JSON.parse(JSON.stringify(await results.next()))).toMatchObject({
    value: { data: { n: null }, errors: [{ message: 'Unexpected error.' }] },
  })
  stream.end()
  expect(await results.next()).toEqual(DONE)
})

test('returns the masked error of a subscription that cannot start', async () => {
  const outcome = await subscribe(() => {
    throw new Error('password=hunter2')
  })
  expect(JSON.parse(JSON.stringify(outcome))).toMatchObject({ errors: [{ message: 'Unexpected error.' }] })
})

test('ends a read that waits, also if the source is a generator that waits', async () => {
  async function* silent(): AsyncGenerator<number> {
    await new Promise<never>(() => undefined)
    yield 1
  }
  const results = await open(silent)
  const waiting = results.next()
  await new Promise(setImmediate)
  void results.return()
  expect(await waiting).toEqual(DONE)
})

test('ends a read whose event is retried, without a result', async () => {
  const stream = new PushStream<number>({})
  const resolve = vi.fn<Resolve>(() => {
    throw unavailable('The database is away.')
  })
  const results = await open(() => stream, resolve)
  stream.push(1)
  const waiting = results.next()
  await expect.poll(() => resolve.mock.calls.length).toBeGreaterThan(1)
  await results.return()
  expect(await waiting).toEqual(DONE)
  expect(stream.isOpen).toBe(false)
})

test('rejects with the error of a source, and closes it', async () => {
  async function* failing(): AsyncGenerator<number> {
    yield 1
    throw new Error('broken')
  }
  const results = await open(failing)
  expect(await results.next()).toEqual({ done: false, value: { data: { n: 1 } } })
  await expect(results.next()).rejects.toThrow('broken')
  expect(await results.next()).toEqual(DONE)
})
