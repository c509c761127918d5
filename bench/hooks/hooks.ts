// npm run bench -- hooks: the cost of the tracing hooks of a message, without an SDK and with one.
import { context, trace } from '@opentelemetry/api'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  AlwaysOnSampler,
  NodeTracerProvider,
  type Sampler,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-node'
import { type Spread, spreadOf } from '../measure/statistics.ts'
import { markdown, plain } from '../report/markdown.ts'
import type { Subject } from '../subjects/subject.ts'
import { withHooks, withoutHooks } from './message-hooks.ts'

const MESSAGES = 50_000
const NS_PER_US = 1_000
const LEAST_ROUNDS = 9

/** Measured in turns. A sampler stands for an SDK. */
type Variant = Readonly<{
  name: string
  perMessage: (seq: number) => Promise<void>
  sampler?: Sampler
}>

const VARIANTS: readonly Variant[] = [
  { name: 'without hooks', perMessage: withoutHooks },
  { name: 'hooks, no SDK', perMessage: withHooks },
  {
    name: 'hooks, SDK that keeps 1 %',
    perMessage: withHooks,
    sampler: new TraceIdRatioBasedSampler(0.01),
  },
  { name: 'hooks, SDK that keeps all', perMessage: withHooks, sampler: new AlwaysOnSampler() },
]

export const hooks: Subject = {
  name: 'hooks',
  summary: 'nanoseconds that the tracing hooks of a message take, without an SDK and with one',
  async run({ rounds, out }) {
    const text = reportOf(await measure(Math.max(rounds, LEAST_ROUNDS)))
    await mkdir(out, { recursive: true })
    await writeFile(join(out, 'hooks.md'), `${text}\n`)
    return text
  },
}

/**
 * Returns nanoseconds per message of each variant. An SDK changes what the compiler knows of the hooks, so the variants
 * without one are over before.
 */
async function measure(rounds: number): Promise<ReadonlyMap<Variant, readonly number[]>> {
  const isOff = ({ sampler }: Variant): boolean => sampler === undefined
  const off = await inTurns(VARIANTS.filter(isOff), rounds)
  const on = await inTurns(
    VARIANTS.filter((variant) => !isOff(variant)),
    rounds,
  )
  return new Map([...off, ...on])
}

async function inTurns(
  variants: readonly Variant[],
  rounds: number,
): Promise<ReadonlyMap<Variant, readonly number[]>> {
  const times = new Map(variants.map((variant) => [variant, [] as number[]]))
  // The first round compiles the code.
  for (let round = 0; round <= rounds; round += 1)
    for (const variant of variants) {
      const ns = await measureOnce(variant)
      if (round > 0) times.get(variant)?.push(ns)
    }
  return times
}

async function measureOnce({ perMessage, sampler }: Variant): Promise<number> {
  if (sampler !== undefined) new NodeTracerProvider({ sampler, spanProcessors: [NO_EXPORT] }).register()
  try {
    const before = process.threadCpuUsage()
    for (let seq = 1; seq <= MESSAGES; seq += 1) await perMessage(seq)
    const { user, system } = process.threadCpuUsage(before)
    return ((user + system) * NS_PER_US) / MESSAGES
  } finally {
    trace.disable()
    context.disable()
  }
}

/** Spans are made and ended. Exporting them is the work of an SDK's own process or timer. */
const NO_EXPORT: SpanProcessor = {
  onStart: () => undefined,
  onEnd: () => undefined,
  forceFlush: async () => undefined,
  shutdown: async () => undefined,
}

function reportOf(times: ReadonlyMap<Variant, readonly number[]>): string {
  const spreads = [...times].map(([{ name }, values]) => ({ name, spread: spreadOf(values) }))
  const base = spreads[0]?.spread.median ?? NaN
  const rows = spreads.map(({ name, spread }) => [name, rangeOf(spread), plain(spread.median - base)])
  const table = markdown([['', 'CPU per message, ns', 'more than without, ns'], ...rows])
  return `# hooks\n\n${table}\n\nMedians of rounds with ${plain(MESSAGES)} messages, with the lowest and highest in parentheses.`
}

function rangeOf({ median, min, max }: Spread): string {
  return `${plain(median)} (${plain(min)}–${plain(max)})`
}
