import { durationS } from '../lib/text.ts'
import { UsageError } from './verb.ts'

const MAX_S = 3_650 * 86_400

/** `90s`, `15m`, `1h` or `30d` in seconds, ten years at most. Throws UsageError, naming `option`. */
export function parseDurationS(option: string, text: string): number {
  const seconds = durationS(text, MAX_S)
  if (seconds !== undefined) return seconds
  throw new UsageError(`${option} must be a time such as 90s, 15m, 1h or 30d, ten years at most.`)
}
