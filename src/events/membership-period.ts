import type { Seq } from '../ids.ts'

/** The events from a member's joining to leaving: from `first` to `last`, both included. Empty if last < first. */
export type MembershipPeriod = Readonly<{ first: Seq; last: Seq }>

/** Returns the parts of the periods after a seq, in order. Omits empty parts. */
export function periodsAfter(periods: readonly MembershipPeriod[], afterSeq: Seq): MembershipPeriod[] {
  return periods
    .map(({ first, last }) => ({ first: Math.max(first, afterSeq + 1), last }))
    .filter(({ first, last }) => first <= last)
}

/** Returns the parts of the periods before a seq, in order. Omits empty parts. */
export function periodsBefore(periods: readonly MembershipPeriod[], beforeSeq: Seq): MembershipPeriod[] {
  return periods
    .map(({ first, last }) => ({ first, last: Math.min(last, beforeSeq - 1) }))
    .filter(({ first, last }) => first <= last)
}

/** Returns whether a seq is in one of the periods. */
export function isWithin(periods: readonly MembershipPeriod[], seq: Seq): boolean {
  return periods.some(({ first, last }) => first <= seq && seq <= last)
}

/** Returns how many events the periods cover. */
export function eventCount(periods: readonly MembershipPeriod[]): number {
  return periods.reduce((sum, { first, last }) => sum + last - first + 1, 0)
}

/** Parses an `int4multirange` as Postgres writes it: `{[1,5),[9,12)}`, without the end of each range. */
export function parsePeriods(text: string): readonly MembershipPeriod[] {
  if (text === '{}') return NONE
  return [...text.matchAll(/\[(\d+),(\d+)\)/g)].map(([, first, end]) => {
    return { first: Number(first), last: Number(end) - 1 }
  })
}

const NONE: readonly MembershipPeriod[] = []
