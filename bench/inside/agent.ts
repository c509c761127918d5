// Loaded into a measured gateway before its own code. Answers questions of the benchmark about this process: memory,
// spans, CPU profile, allocations. A gateway without it measures the same otherwise.
import { createServer } from 'node:http'
import { type HeapProfiler, type Profiler, Session } from 'node:inspector/promises'
import { NodeTracerProvider, type ReadableSpan, type SpanProcessor } from '@opentelemetry/sdk-trace-node'

/** A finished span. Times are in milliseconds since the epoch. */
export type SpanRecord = Readonly<{ name: string; traceId: string; start: number; end: number }>

export type Memory = Readonly<{ heapKb: number; residentKb: number }>
export type CpuProfile = Profiler.Profile
export type AllocationProfile = HeapProfiler.SamplingHeapProfile

const BYTES_PER_KB = 1_024
const CPU_SAMPLE_US = 200
const ALLOCATION_SAMPLE_BYTES = 16_384
const PROMOTION_SAMPLE_BYTES = 1_024

/** Keeps finished spans until the benchmark takes them. */
class SpanStore implements SpanProcessor {
  #spans: SpanRecord[] = []

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    const { name, startTime, endTime } = span
    this.#spans.push({
      name,
      traceId: span.spanContext().traceId,
      start: msOf(startTime),
      end: msOf(endTime),
    })
  }

  take(): readonly SpanRecord[] {
    const spans = this.#spans
    this.#spans = []
    return spans
  }

  async forceFlush(): Promise<void> {}
  async shutdown(): Promise<void> {}
}

function msOf([seconds, nanoseconds]: readonly [number, number]): number {
  return seconds * 1e3 + nanoseconds / 1e6
}

const session = new Session()
session.connect()
let spans: SpanStore | undefined

const ANSWERS: Readonly<Record<string, () => Promise<unknown>>> = {
  async memory(): Promise<Memory> {
    // The first collection runs finalizers whose objects the second one frees.
    for (let round = 0; round < 2; round += 1) await globalThis.gc?.({ type: 'major', execution: 'async' })
    const { heapUsed, external, rss } = process.memoryUsage()
    return { heapKb: (heapUsed + external) / BYTES_PER_KB, residentKb: rss / BYTES_PER_KB }
  },
  async startSpans() {
    if (spans !== undefined) return spans.take()
    spans = new SpanStore()
    new NodeTracerProvider({ spanProcessors: [spans] }).register()
    return []
  },
  takeSpans: async () => spans?.take() ?? [],
  async startCpuProfile() {
    await session.post('Profiler.enable')
    await session.post('Profiler.setSamplingInterval', { interval: CPU_SAMPLE_US })
    await session.post('Profiler.start')
  },
  async stopCpuProfile(): Promise<CpuProfile> {
    return (await session.post('Profiler.stop')).profile
  },
  async startAllocations() {
    await session.post('HeapProfiler.startSampling', {
      samplingInterval: ALLOCATION_SAMPLE_BYTES,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    })
  },
  async startPromotions() {
    await session.post('HeapProfiler.startSampling', {
      samplingInterval: PROMOTION_SAMPLE_BYTES,
      includeObjectsCollectedByMajorGC: true,
    })
  },
  async stopAllocations(): Promise<AllocationProfile> {
    // Stopping is a full collection, which would count young garbage as promoted.
    for (let round = 0; round < 2; round += 1) await globalThis.gc?.({ type: 'minor', execution: 'async' })
    return (await session.post('HeapProfiler.stopSampling')).profile
  },
}

createServer((request, response) => {
  const answer = ANSWERS[request.url?.slice(1) ?? '']
  void Promise.resolve(answer?.()).then((value) => response.end(JSON.stringify(value ?? null)))
})
  .listen(Number(process.env['BENCH_AGENT_PORT']), '127.0.0.1')
  .unref()
