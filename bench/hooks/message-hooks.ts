import { performance } from 'node:perf_hooks'
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
} from '../../src/telemetry/tracing.ts'

/** The objects of one message to which hooks attach their spans. Hooks of a real message meet new ones each time. */
type Message = Readonly<{
  newMessage: object
  events: readonly [Readonly<{ chatId: string; seq: number }>]
  payloads: Readonly<Record<string, unknown>>
}>

const CHAT = '0196b6f0-5c1a-7b32-8f4e-3a1d2c4b5e6f'

function messageOf(seq: number): Message {
  const events = [{ chatId: CHAT, seq }] as const
  return { newMessage: {}, events, payloads: { chat: events } }
}

/** All hooks of a message, from its frame on one gateway to the socket of its recipient on another one. */
export async function withHooks(seq: number): Promise<void> {
  const { newMessage, events, payloads } = messageOf(seq)
  const receivedAt = performance.now()
  await traceOperation(receivedAt, async () => {
    keep(newMessage)
    startHop('parse')()
    startHop('admit')()
    const executed = startHop('execute')
    traceQueued(newMessage)
    startBatchHop('append', [newMessage])()
    executed()
    if (isTracing()) startHop('send')()
  })
  keep(receivedAt)
  keep(payloads)
  startEventHops('route', events)()
  startEventHops('publish', events)()
  traceReceived(receivedAt, payloads)
  traceArrival(events)
  if (isTracing()) startWrite(events[0])()
}

/** The same without hooks: the objects, the time and the promises of `withHooks`. */
export async function withoutHooks(seq: number): Promise<void> {
  const { newMessage, payloads } = messageOf(seq)
  const receivedAt = performance.now()
  await withoutTrace(async () => void keep(newMessage))
  keep(receivedAt)
  keep(payloads)
}

function withoutTrace(work: () => Promise<void>): Promise<void> {
  return work()
}

let kept: unknown

/** Keeps the compiler from leaving objects out. Returns the last one. */
function keep(value: unknown): unknown {
  const before = kept
  kept = value
  return before
}
