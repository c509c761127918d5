import { build } from 'hdr-histogram-js'
import type { SpanRecord } from '../inside/agent.ts'
import { markdown, plain } from '../report/markdown.ts'

const US_PER_MS = 1_000

/** The hops in the order in which a message takes them. `transit` is computed from two spans. */
const HOPS: Readonly<Record<string, string>> = {
  read: 'frame arrives → its turn',
  parse: 'document looked up or parsed',
  admit: 'session, limits and context',
  execute: 'graphql-js, from its start to the result',
  queue: '… of this: in the lane',
  append: '… of this: statement and commit',
  send: 'a frame to the socket → taken by the kernel',
  operation: 'frame arrives → answer written',
  route: 'committed → gateways known',
  publish: 'encoded and sent → taken by Redis',
  transit: 'sent to Redis → arrives at the other gateway',
  receive: 'message from Redis decoded',
  deliver: 'at the hub → out of the queue of a stream',
  write: 'executed, serialised and written',
}

/** Returns a Markdown table of the hops' times in milliseconds. */
export function hopsTable(spans: readonly SpanRecord[], messages: number): string {
  const durations = Map.groupBy([...spans, ...transits(spans)], ({ name }) => name)
  const rows = Object.entries(HOPS).map(([name, meaning]) => {
    const histogram = build({ numberOfSignificantValueDigits: 3 })
    const some = durations.get(name) ?? []
    for (const { start, end } of some)
      histogram.recordValue(Math.max(0, Math.round((end - start) * US_PER_MS)))
    const at = (percentile: number): string =>
      some.length === 0 ? '–' : plain(histogram.getValueAtPercentile(percentile) / US_PER_MS)
    return [`\`${name}\``, meaning, at(50), at(90), at(99), plain(some.length / messages)]
  })
  return markdown([['hop', 'meaning', 'p50, ms', 'p90, ms', 'p99, ms', 'spans per message'], ...rows])
}

/** Both gateways have the clock of this machine, so the time between them is the difference of two spans. */
function transits(spans: readonly SpanRecord[]): readonly SpanRecord[] {
  const sent = new Map(
    spans.filter(({ name }) => name === 'publish').map((span) => [span.traceId, span.start]),
  )
  return spans
    .filter(({ name, traceId }) => name === 'receive' && sent.has(traceId))
    .map(({ traceId, start }) => ({ name: 'transit', traceId, start: sent.get(traceId) ?? NaN, end: start }))
}
