/** Messages of other people that a database holds, besides those of the people who are measured. */
export const SIZES = [1_000, 100_000, 10_000_000] as const

export type Size = (typeof SIZES)[number]

const POWERS: Readonly<Record<Size, string>> = { 1_000: '10³', 100_000: '10⁵', 10_000_000: '10⁷' }

/** How people write it. */
export function powerOf(size: Size): string {
  return POWERS[size]
}
