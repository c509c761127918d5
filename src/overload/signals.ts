import { monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import { elapsedMs } from '../lib/clock.ts'
import type { Readings } from './thresholds.ts'

/** Measures how overloaded this process is. */
export type Signals = Readonly<{
  start(): void
  /** Returns present values, and the peaks since the last reading. */
  read(): Readings
  stop(): void
}>

type Sources = Readonly<{
  inboundWaitMs(): number
  waitingSends(): number
  commitMs(): number
  waitingStatements(): number
}>

/** The interval of the monitor's timer, in milliseconds. The delays that it reports include this interval. */
const RESOLUTION_MS = 10
const NS_PER_MS = 1e6
/** Reading the memory of the process is a file operation of the system, and the memory changes slowly. */
const MEMORY_INTERVAL_MS = 1_000

export function createSignals(sources: Sources): Signals {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  let memory = { share: 0, readAt: -Infinity }

  function recentMemoryShare(): number {
    const now = elapsedMs()
    if (now - memory.readAt >= MEMORY_INTERVAL_MS) memory = { share: memoryShare(), readAt: now }
    return memory.share
  }

  function read(): Readings {
    const eventLoopDelayMs =
      delay.count === 0 ? 0 : Math.max(0, delay.percentile(90) / NS_PER_MS - RESOLUTION_MS)
    delay.reset()
    return {
      eventLoopDelayMs,
      inboundWaitMs: sources.inboundWaitMs(),
      waitingSends: sources.waitingSends(),
      commitMs: sources.commitMs(),
      waitingStatements: sources.waitingStatements(),
      memoryShare: recentMemoryShare(),
    }
  }

  return { start: () => void delay.enable(), read, stop: () => void delay.disable() }
}

/** The used share of the heap's limit, or of the container's memory limit, whichever is higher. */
function memoryShare(): number {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics()
  const allowed = process.constrainedMemory()
  const heapShare = used / limit
  // Without a limit, the operating system returns zero or an absurdly high number.
  return allowed > 0 ? Math.max(heapShare, process.memoryUsage.rss() / allowed) : heapShare
}
