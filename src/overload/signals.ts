import { monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import type { Readings } from './thresholds.ts'

/** Measures how hard this process is pressed. */
export type Signals = Readonly<{
  start(): void
  /** What is so now, and what was since the last reading. */
  read(): Readings
  stop(): void
}>

type Sources = Readonly<{
  waitingToBeReadMs(): number
  waitingSends(): number
  commitMs(): number
  waitingStatements(): number
}>

/** How often the monitor's timer is due, in milliseconds; what it reports includes that. */
const RESOLUTION_MS = 10
const NS_PER_MS = 1e6

export function createSignals(sources: Sources): Signals {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })

  function read(): Readings {
    const eventLoopDelayMs =
      delay.count === 0 ? 0 : Math.max(0, delay.percentile(90) / NS_PER_MS - RESOLUTION_MS)
    delay.reset()
    return {
      eventLoopDelayMs,
      waitingToBeReadMs: sources.waitingToBeReadMs(),
      waitingSends: sources.waitingSends(),
      commitMs: sources.commitMs(),
      waitingStatements: sources.waitingStatements(),
      memoryShare: memoryShare(),
    }
  }

  return { start: () => void delay.enable(), read, stop: () => void delay.disable() }
}

/** Of the heap's ceiling, or of what the container allows the whole process: whichever is nearer. */
function memoryShare(): number {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics()
  const allowed = process.constrainedMemory()
  const ofHeap = used / limit
  // Without a limit, the operating system answers with nothing or with an absurdly high one.
  return allowed > 0 ? Math.max(ofHeap, process.memoryUsage.rss() / allowed) : ofHeap
}
