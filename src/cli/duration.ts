import { UsageError } from './verb.ts'

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }
const MAX_S = 3_650 * 86_400

/** `90s`, `15m`, `1h` or `30d` in seconds, ten years at most. Throws UsageError, naming `option`. */
export function parseDurationS(option: string, text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
  const seconds = Number(count) * (SECONDS[unit] ?? 0)
  if (seconds > 0 && seconds <= MAX_S) return seconds
  throw new UsageError(`${option} must be a time such as 90s, 15m, 1h or 30d, ten years at most.`)
}
