/** The median, the least and the greatest of some values. NaN without values. */
export type Spread = Readonly<{ median: number; min: number; max: number }>

export function spreadOf(values: readonly number[]): Spread {
  const known = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b)
  const middle = (known.length - 1) / 2
  const median = ((known[Math.floor(middle)] ?? NaN) + (known[Math.ceil(middle)] ?? NaN)) / 2
  return { median, min: known[0] ?? NaN, max: known.at(-1) ?? NaN }
}

/** Returns the value below which the given share of all values lies. With an even number, the upper middle one. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
}
