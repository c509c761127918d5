import {
  type Context,
  context,
  ROOT_CONTEXT,
  type Span,
  trace,
  TraceFlags,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api'
import type { ChatId, Seq } from '../ids.ts'

/*
 * OpenTelemetry spans for the hops of a message. Without an SDK in the process, each call here costs a few nanoseconds.
 * docs/performance.md says how to load an SDK, and lists the hops.
 *
 *   operation ─┬─ read ─ parse ─ admit ─ execute ─┬─ queue ─ append
 *              └─ send                            (one trace for each frame of a client)
 *
 *   event ──── route ─ publish ─ receive ─ deliver ─ write
 *
 * Both gateways of an event compute the id of its trace from its chat and seq. So nothing is added to the messages
 * between gateways, and a sampler that decides by the trace id decides alike on both.
 */

/** A step of a client's operation. */
export type OperationHop = 'read' | 'parse' | 'admit' | 'execute' | 'queue' | 'append' | 'send'

/** A step of an event on its way to devices. */
export type EventHop = 'route' | 'publish' | 'receive' | 'deliver' | 'write'

/** An event with a trace. Others pass through without one. */
type Traceable = Readonly<{ chatId: ChatId; seq: Seq }>

/** Ends a hop. Call it once. */
export type EndHop = () => void

/** Version 1 of the API passes calls on to the provider of an SDK, once there is one. */
type MaybeProxy = TracerProvider & { getDelegateTracer?(name: string): Tracer | undefined }

const NAME = 'parley'
const NOTHING: EndHop = () => undefined

/** The operation in which an item, such as a message in a queue, was created. */
const contexts = new WeakMap<object, Context>()
const queued = new WeakMap<object, EndHop>()
const arrivals = new WeakMap<object, number>()

/** Returns whether an SDK is registered. */
export function isTracing(): boolean {
  const provider: MaybeProxy = trace.getTracerProvider()
  return provider.getDelegateTracer === undefined || provider.getDelegateTracer(NAME) !== undefined
}

/** Runs the work for a frame from a client in a trace of its own. `receivedAt` is in milliseconds of `performance`. */
export function traceOperation(receivedAt: number, work: () => Promise<void>): Promise<void> {
  if (!isTracing()) return work()
  return trace
    .getTracer(NAME)
    .startActiveSpan('operation', { startTime: receivedAt }, ROOT_CONTEXT, async (span) => {
      try {
        startAt('read', receivedAt, context.active()).end(performance.now())
        await work()
      } finally {
        span.end(performance.now())
      }
    })
}

/** Begins a hop of the current operation. */
export function startHop(hop: OperationHop): EndHop {
  if (!isTracing()) return NOTHING
  return endOf(startAt(hop, performance.now(), context.active()))
}

/** Begins the hop `queue` of an item that another operation may take from the queue. */
export function traceQueued(item: object): void {
  if (!isTracing()) return
  contexts.set(item, context.active())
  queued.set(item, startHop('queue'))
}

/** The items leave the queue. Begins a hop of each of their operations. */
export function startBatchHop(hop: OperationHop, items: readonly object[]): EndHop {
  if (!isTracing()) return NOTHING
  for (const item of items) queued.get(item)?.()
  return endAll(items.map((item) => startAt(hop, performance.now(), contexts.get(item) ?? ROOT_CONTEXT)))
}

/** Begins a hop of each event in a list. Other values are ignored. */
export function startEventHops(hop: EventHop, events: unknown): EndHop {
  if (!isTracing()) return NOTHING
  const now = performance.now()
  return endAll(traceableIn(events).map((event) => startAt(hop, now, contextOf(event))))
}

/** Records the hop `receive` of the events in a message from another gateway, from `receivedAt` until now. */
export function traceReceived(receivedAt: number, payloads: Readonly<Record<string, unknown>>): void {
  if (!isTracing()) return
  const now = performance.now()
  for (const event of traceableIn(Object.values(payloads).flat()))
    startAt('receive', receivedAt, contextOf(event)).end(now)
}

/** The events have reached this gateway. Their hop `deliver` begins. */
export function traceArrival(events: readonly object[]): void {
  if (!isTracing()) return
  const now = performance.now()
  for (const event of events) arrivals.set(event, now)
}

/** An event leaves the queue of a stream. Ends its hop `deliver` there, and begins its hop `write`. */
export function startWrite(event: object): EndHop {
  if (!isTracing() || !isTraceable(event)) return NOTHING
  const now = performance.now()
  const parent = contextOf(event)
  startAt('deliver', arrivals.get(event) ?? now, parent).end(now)
  return endOf(startAt('write', now, parent))
}

function startAt(hop: OperationHop | EventHop, startTime: number, parent: Context): Span {
  return trace.getTracer(NAME).startSpan(hop, { startTime }, parent)
}

function endOf(span: Span): EndHop {
  return () => span.end(performance.now())
}

function endAll(spans: readonly Span[]): EndHop {
  return () => {
    const now = performance.now()
    for (const span of spans) span.end(now)
  }
}

function traceableIn(values: unknown): readonly Traceable[] {
  return Array.isArray(values) ? values.filter(isTraceable) : []
}

/** Typing and receipts are no events. */
function isTraceable(value: unknown): value is Traceable {
  return typeof value === 'object' && value !== null && 'seq' in value && 'chatId' in value
}

/** The trace of an event. Its id consists of the random part of the chat's id, and the seq. */
function contextOf({ chatId, seq }: Traceable): Context {
  const chat = chatId.replaceAll('-', '')
  const number = seq.toString(16).padStart(8, '0')
  const traceId = chat.slice(-24) + number
  const spanId = chat.slice(-8) + number
  const parent = { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true }
  return trace.setSpanContext(ROOT_CONTEXT, parent)
}
