const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }

/** `90s`, `15m`, `1h` or `30d` in seconds; undefined for what is no such time, none at all, or more than `maxS`. */
export function durationS(text: string, maxS: number): number | undefined {
  const [, count = '', unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
  const seconds = Number(count) * (SECONDS[unit] ?? 0)
  return seconds > 0 && seconds <= maxS ? seconds : undefined
}
