import type { GatewaySecond } from './samples.ts'

/** The connections are open WebSockets. */
export type GatewayMetrics = GatewaySecond & Readonly<{ connections: number }>

const UNKNOWN: GatewayMetrics = { level: NaN, pressure: NaN, memoryMb: NaN, connections: NaN }
const BYTES_PER_MB = 1_048_576
const DEADLINE_MS = 900

/** Reads the metrics of a gateway. All are NaN if it does not answer within a second. */
export async function readMetrics(adminPort: number): Promise<GatewayMetrics> {
  try {
    const url = `http://127.0.0.1:${adminPort}/metrics`
    const text = await (await fetch(url, { signal: AbortSignal.timeout(DEADLINE_MS) })).text()
    const valueOf = (name: string): number =>
      Number(new RegExp(`^parley_${name} (\\S+)$`, 'm').exec(text)?.[1] ?? NaN)
    return {
      level: valueOf('service_level'),
      pressure: valueOf('pressure'),
      connections: valueOf('connections'),
      memoryMb: valueOf('process_resident_memory_bytes') / BYTES_PER_MB,
    }
  } catch {
    return UNKNOWN
  }
}
