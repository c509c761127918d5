/** Number of messages in a database, besides those of the measured users. */
export const SIZES = [1_000, 100_000, 10_000_000] as const

export type Size = (typeof SIZES)[number]

const POWERS: Readonly<Record<Size, string>> = { 1_000: '10³', 100_000: '10⁵', 10_000_000: '10⁷' }

/** Returns a size as a power of ten. */
export function powerOf(size: Size): string {
  return POWERS[size]
}
