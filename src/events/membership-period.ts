import type { Seq } from '../ids.ts'

/** A stretch of a chat's log that a member was there for: from `first` to `last`, both included. Empty if last < first. */
export type MembershipPeriod = Readonly<{ first: Seq; last: Seq }>

/** What lies after a position, of stays in order. Stays that end before it are left out. */
export function periodsAfter(stays: readonly MembershipPeriod[], afterSeq: Seq): MembershipPeriod[] {
  return stays
    .map(({ first, last }) => ({ first: Math.max(first, afterSeq + 1), last }))
    .filter(({ first, last }) => first <= last)
}

/** What lies before a position, of stays in order. */
export function periodsBefore(stays: readonly MembershipPeriod[], beforeSeq: Seq): MembershipPeriod[] {
  return stays
    .map(({ first, last }) => ({ first, last: Math.min(last, beforeSeq - 1) }))
    .filter(({ first, last }) => first <= last)
}

export function isWithin(stays: readonly MembershipPeriod[], seq: Seq): boolean {
  return stays.some(({ first, last }) => first <= seq && seq <= last)
}

/** How many events the stays cover. */
export function eventCount(stays: readonly MembershipPeriod[]): number {
  return stays.reduce((sum, { first, last }) => sum + last - first + 1, 0)
}

/** Stays as Postgres writes an `int4multirange`: `{[1,5),[9,12)}`, where the end of each is not part of it. */
export function parsePeriods(text: string): readonly MembershipPeriod[] {
  if (text === '{}') return NONE
  return [...text.matchAll(/\[(\d+),(\d+)\)/g)].map(([, first, end]) => {
    return { first: Number(first), last: Number(end) - 1 }
  })
}

const NONE: readonly MembershipPeriod[] = []
