import { context, trace } from '@opentelemetry/api'
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node'
import { afterEach, describe, expect, test } from 'vitest'
import {
  isTracing,
  startBatchHop,
  startEventHops,
  startHop,
  startWrite,
  traceArrival,
  traceOperation,
  traceQueued,
  traceReceived,
} from '../../../src/telemetry/tracing.ts'

const CHAT_ID = '01890a5d-ac96-774b-bcce-b302099a8057'
const EVENT = { type: 'MessageSent', chatId: CHAT_ID, seq: 255 }

/** Registers an SDK, as an operator would before the gateway starts. Returns the spans by name. */
function registerSdk(): (name: string) => readonly ReadableSpan[] {
  const exporter = new InMemorySpanExporter()
  new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register()
  return (name) => exporter.getFinishedSpans().filter((span) => span.name === name)
}

afterEach(() => {
  trace.disable()
  context.disable()
})

describe('tracing', () => {
  test('runs the work and records nothing without an SDK', async () => {
    expect(isTracing()).toBe(false)
    const seen: string[] = []
    await traceOperation(performance.now(), async () => {
      const end = startHop('parse')
      seen.push('worked')
      end()
    })
    startEventHops('route', [EVENT])()
    expect(seen).toEqual(['worked'])
  })

  test('puts the hops of an operation below its span, also across an await', async () => {
    const spans = registerSdk()
    await traceOperation(performance.now(), async () => {
      startHop('parse')()
      await Promise.resolve()
      startHop('execute')()
    })
    const [operation] = spans('operation')
    for (const name of ['read', 'parse', 'execute']) {
      expect(spans(name).map((span) => span.parentSpanContext?.spanId)).toEqual([
        operation?.spanContext().spanId,
      ])
    }
  })

  test('ends the span of an operation that fails', async () => {
    const spans = registerSdk()
    await expect(
      traceOperation(performance.now(), () => Promise.reject(new Error('broken'))),
    ).rejects.toThrow('broken')
    expect(spans('operation')).toHaveLength(1)
  })

  test('gives each operation of a batch its own hop, after the queue', async () => {
    const spans = registerSdk()
    const [one, other] = [{ body: 'one' }, { body: 'other' }]
    for (const item of [one, other]) await traceOperation(performance.now(), async () => traceQueued(item))
    startBatchHop('append', [one, other])()
    const operations = spans('operation').map((span) => span.spanContext().traceId)
    expect(new Set(operations).size).toBe(2)
    expect(spans('queue').map((span) => span.spanContext().traceId)).toEqual(operations)
    expect(spans('append').map((span) => span.spanContext().traceId)).toEqual(operations)
  })

  test('gives an event one trace on all gateways', () => {
    const spans = registerSdk()
    startEventHops('route', [EVENT])()
    // The other gateway decodes a copy.
    const received = { ...EVENT }
    traceReceived(performance.now(), { events: [received], isAlarm: false })
    traceArrival([received])
    startWrite(received)()
    const names = ['route', 'receive', 'deliver', 'write']
    const traceIds = names.flatMap((name) => spans(name)).map((span) => span.spanContext().traceId)
    expect(traceIds).toEqual(
      Array.from({ length: 4 }, () => '774bbcceb302099a8057000000ff'.padStart(32, 'ac96')),
    )
  })

  test('starts the hop deliver when the event arrived', () => {
    const spans = registerSdk()
    const [first, later] = [{ ...EVENT }, { ...EVENT, seq: 256 }]
    traceArrival([first])
    pass(2 * SDK_ERROR_MS)
    traceArrival([later])
    startWrite(later)()
    pass(2 * SDK_ERROR_MS)
    startWrite(first)()
    const [ofLater, ofFirst] = spans('deliver')
    expect(startOf(ofLater) - startOf(ofFirst)).toBeGreaterThanOrEqual(SDK_ERROR_MS)
    expect(endOf(ofFirst) - endOf(ofLater)).toBeGreaterThanOrEqual(SDK_ERROR_MS)
  })

  test('has no trace for typing and receipts', () => {
    const spans = registerSdk()
    startEventHops('route', [{ type: 'TypingChanged', chatId: CHAT_ID, userId: 'alice', typing: true }])()
    expect(spans('route')).toEqual([])
  })
})

function startOf(span: ReadableSpan | undefined): number {
  const [seconds, nanoseconds] = span?.startTime ?? [NaN, NaN]
  return seconds * 1e3 + nanoseconds / 1e6
}

function endOf(span: ReadableSpan | undefined): number {
  const [seconds, nanoseconds] = span?.endTime ?? [NaN, NaN]
  return seconds * 1e3 + nanoseconds / 1e6
}

/** The SDK adds the time of day to each span, in whole milliseconds. */
const SDK_ERROR_MS = 2

function pass(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}
