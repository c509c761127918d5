/** Messages of other people that a database holds, besides those of the people who are measured. */
export const SIZES = [1_000, 100_000, 10_000_000] as const

export type Size = (typeof SIZES)[number]

/** How people write it: 10³. */
export function powerOf(size: number): string {
  const digits = '⁰¹²³⁴⁵⁶⁷⁸⁹'
  return `10${[...`${Math.round(Math.log10(size))}`].map((digit) => digits[Number(digit)]).join('')}`
}
