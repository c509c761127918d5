import { fileURLToPath } from 'node:url'
import type { AllocationProfile, CpuProfile, Memory, SpanRecord } from './agent.ts'

/** The benchmark's view into a measured gateway. See agent.ts. */
export type Inside = Readonly<{
  /** Collects garbage first. */
  memory(): Promise<Memory>
  startSpans(): Promise<void>
  takeSpans(): Promise<readonly SpanRecord[]>
  startCpuProfile(): Promise<void>
  stopCpuProfile(): Promise<CpuProfile>
  startAllocations(): Promise<void>
  /** As `startAllocations`, of objects that get into the old generation. */
  startPromotions(): Promise<void>
  stopAllocations(): Promise<AllocationProfile>
}>

/** Arguments of Node.js that load the agent into a process. Its port is in `BENCH_AGENT_PORT`. */
export const AGENT_ARGS: readonly string[] = [
  '--expose-gc',
  '--import',
  fileURLToPath(new URL('agent.ts', import.meta.url)),
]

export function insideOf(port: number): Inside {
  async function ask<Answer>(question: keyof Inside): Promise<Answer> {
    const response = await fetch(`http://127.0.0.1:${port}/${question}`)
    return (await response.json()) as Answer
  }
  return {
    memory: () => ask('memory'),
    startSpans: () => ask('startSpans'),
    takeSpans: () => ask('takeSpans'),
    startCpuProfile: () => ask('startCpuProfile'),
    stopCpuProfile: () => ask('stopCpuProfile'),
    startAllocations: () => ask('startAllocations'),
    startPromotions: () => ask('startPromotions'),
    stopAllocations: () => ask('stopAllocations'),
  }
}
