import { PassThrough } from 'node:stream'
import { isObjectType, parse } from 'graphql'
import { createSchema } from 'graphql-yoga'
import { expect, test, vi } from 'vitest'
import { SHARED } from '../../../src/api/selection-sharing.ts'
import { ViewerNeededError } from '../../../src/api/viewer-needed.ts'
import type { LiveItem } from '../../../src/events/signal.ts'
import { unavailable } from '../../../src/errors.ts'
import { createEventPayloads } from '../../../src/transport/pipeline/event-payloads.ts'
import { SocketSink } from '../../../src/transport/websocket/live-sink.ts'
import { Outbox } from '../../../src/transport/websocket/outbox.ts'
import { captureLog } from '../../harness/fixtures/captured-log.ts'
import { sent } from '../../harness/fixtures/chat-events.ts'
import { framesIn } from './frames.ts'

type Read = Readonly<{ seq: number; viewer: string; resolve(text: string): void; reject(error: Error): void }>

/** The bytes that the network takes at once. */
const NETWORK_BYTES = 1024 * 1024

/** Sinks of one document. The test answers each read of the field `text`. */
function createSinks() {
  const reads: Read[] = []
  const schema = createSchema({
    typeDefs: `type Query { a: Int } type Subscription { inbox(deviceId: String): MessageSent }
      type MessageSent { seq: Int! text: String }`,
    resolvers: {
      Subscription: { inbox: { resolve: (item: unknown) => item } },
      MessageSent: {
        text: ({ seq }: { seq: number }, _: object, { viewer }: { viewer: string }) =>
          new Promise((resolve, reject) => void reads.push({ seq, viewer, resolve, reject })),
      },
    },
  })
  for (const type of [schema.getSubscriptionType(), schema.getType('MessageSent')]) {
    if (!isObjectType(type)) throw new Error('The type is not in the schema')
    for (const field of Object.values(type.getFields())) Object.assign(field, SHARED)
  }
  const payloads = createEventPayloads({ sharedContext: { viewer: 'none' }, logger: captureLog().logger })

  function open(viewer: string) {
    const network = new PassThrough({ readableHighWaterMark: NETWORK_BYTES })
    const outbox = new Outbox({ readyState: 1, OPEN: 1 }, network, { add: () => undefined })
    const document = parse('subscription S($d: String) { inbox(deviceId: $d) { seq text } }')
    const args = { schema, document, variableValues: { d: viewer }, contextValue: { viewer } }
    const sink = new SocketSink({ args, clientId: viewer, outbox, payloads })
    const queue: LiveItem[] = []
    let isReady = true
    sink.start({
      resume() {
        isReady = true
        while (isReady && queue.length > 0) isReady = sink.take(queue.shift() as LiveItem)
      },
    })
    return {
      sink,
      outbox,
      push(item: LiveItem): void {
        if (isReady) isReady = sink.take(item)
        else {
          queue.push(item)
          sink.announce(item)
        }
      },
      written(): unknown[] {
        outbox.flush()
        const written = network.read() as Buffer | null
        return written === null ? [] : framesIn(written).map((text): unknown => JSON.parse(text))
      },
    }
  }

  return { reads, open }
}

const next = (id: string, seq: number, text: string): object => {
  return { id, type: 'next', payload: { data: { inbox: { seq, text } } } }
}

const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

test('resolves an item once for all sinks with the same document, whatever their device', async () => {
  const { reads, open } = createSinks()
  const sinks = ['alice', 'bob', 'carol'].map(open)
  const item = sent('tea', 1)
  for (const sink of sinks) sink.push(item)
  expect(reads).toMatchObject([{ seq: 1, viewer: 'none' }])
  reads[0]?.resolve('hello')
  await settle()
  expect(sinks.flatMap((sink) => sink.written())).toEqual(
    ['alice', 'bob', 'carol'].map((id) => next(id, 1, 'hello')),
  )
})

test('keeps the order of items whose results come out of order', async () => {
  const { reads, open } = createSinks()
  const alice = open('alice')
  for (const seq of [1, 2, 3]) alice.push(sent('tea', seq))
  expect(reads.map(({ seq }) => seq)).toEqual([1, 2, 3])
  reads[2]?.resolve('third')
  reads[1]?.resolve('second')
  await settle()
  expect(alice.written()).toEqual([])
  reads[0]?.resolve('first')
  await settle()
  expect(alice.written()).toEqual([
    next('alice', 1, 'first'),
    next('alice', 2, 'second'),
    next('alice', 3, 'third'),
  ])
})

test('takes a burst in one turn of the event loop while the network takes it', async () => {
  const { reads, open } = createSinks()
  const alice = open('alice')
  const seqs = Array.from({ length: 200 }, (_, index) => index + 1)
  for (const seq of seqs) alice.push(sent('tea', seq))
  for (const { resolve } of reads) resolve('x'.repeat(2_000))
  await settle()
  expect(alice.written()).toMatchObject(seqs.map((seq) => ({ payload: { data: { inbox: { seq } } } })))
})

test('resolves an item for each sink if a shared execution needs the viewer', async () => {
  const { reads, open } = createSinks()
  const sinks = ['alice', 'bob'].map(open)
  const item = sent('tea', 1)
  for (const sink of sinks) sink.push(item)
  reads[0]?.reject(new ViewerNeededError())
  await settle()
  expect(reads.slice(1).map(({ viewer }) => viewer)).toEqual(['alice', 'bob'])
  reads[2]?.resolve("bob's")
  reads[1]?.resolve("alice's")
  await settle()
  expect(sinks.flatMap((sink) => sink.written())).toEqual([
    next('alice', 1, "alice's"),
    next('bob', 1, "bob's"),
  ])
})

test('retries a shared execution that fails for a transient reason', async () => {
  const { reads, open } = createSinks()
  const alice = open('alice')
  alice.push(sent('tea', 1))
  reads[0]?.reject(unavailable('The database is away.'))
  await expect.poll(() => reads.length).toBe(2)
  expect(alice.written()).toEqual([])
  reads[1]?.resolve('later')
  await settle()
  expect(alice.written()).toEqual([next('alice', 1, 'later')])
})

test('a lasting failure of a field is part of the result, masked', async () => {
  const { reads, open } = createSinks()
  const alice = open('alice')
  alice.push(sent('tea', 1))
  reads[0]?.reject(new Error('password=hunter2'))
  await settle()
  // graphql-js resolves the field again: all errors are its errors.
  reads[1]?.reject(new Error('password=hunter2'))
  await settle()
  expect(alice.written()).toMatchObject([
    {
      payload: {
        data: { inbox: { seq: 1, text: null } },
        errors: [{ message: 'Unexpected error.', path: ['inbox', 'text'], extensions: { code: 'INTERNAL' } }],
      },
    },
  ])
})

test('reports an item as flushed once the network has taken it', async () => {
  const { reads, open } = createSinks()
  const alice = open('alice')
  const onFlushed = vi.fn<() => void>()
  alice.sink.take(sent('tea', 1), onFlushed)
  reads[0]?.resolve('hello')
  await settle()
  expect(onFlushed).not.toHaveBeenCalled()
  expect(alice.written()).toHaveLength(1)
  await settle()
  expect(onFlushed).toHaveBeenCalledOnce()
})

test('does not report an item as flushed if its connection has ended', async () => {
  const { reads, open } = createSinks()
  const alice = open('alice')
  const onFlushed = vi.fn<() => void>()
  alice.sink.take(sent('tea', 1), onFlushed)
  reads[0]?.resolve('hello')
  await settle()
  alice.outbox.drop(() => new Error('closed'))
  await settle()
  expect(onFlushed).not.toHaveBeenCalled()
})

test('writes nothing after it was closed', async () => {
  const { reads, open } = createSinks()
  const [alice, bob] = [open('alice'), open('bob')]
  const item = sent('tea', 1)
  alice.push(item)
  bob.push(item)
  alice.sink.close()
  reads[0]?.resolve('hello')
  await settle()
  expect([alice.written(), bob.written()]).toEqual([[], [next('bob', 1, 'hello')]])
})
