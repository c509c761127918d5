import { badInput } from '../errors.ts'
import type { Builder } from './builder.ts'

declare module 'graphql' {
  // oxlint-disable-next-line consistent-type-definitions -- Only an interface can be extended.
  interface GraphQLScalarTypeExtensions {
    /** Whether its values are texts without characters that JSON has to escape. */
    isPlainText?: boolean
  }
}

export function defineScalars(builder: Builder): void {
  builder.scalarType('DateTime', DATE_TIME)
  builder.scalarType('JSON', JSON_SCALAR)
}

const DAY_MS = 86_400_000
const TWO_DIGITS = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'))
const THREE_DIGITS = Array.from({ length: 1_000 }, (_, value) => String(value).padStart(3, '0'))
/** The day of the last time, since 1970, and its text. Times of one answer mostly are of a few days. */
let lastDay = NaN
let lastDayText = ''

/** As `toISOString`, which computes the day each time. Throws if the time is invalid. */
export function isoText(time: Date): string {
  const ms = time.getTime()
  const day = Math.floor(ms / DAY_MS)
  if (day !== lastDay) {
    const text = time.toISOString()
    lastDayText = text.slice(0, text.indexOf('T') + 1)
    lastDay = day
  }
  const inDay = ms - day * DAY_MS
  const seconds = Math.floor(inDay / 1_000)
  const minutes = Math.floor(seconds / 60)
  const clock = `${TWO_DIGITS[Math.floor(minutes / 60)]}:${TWO_DIGITS[minutes % 60]}:${TWO_DIGITS[seconds % 60]}`
  return `${lastDayText}${clock}.${THREE_DIGITS[inDay % 1_000]}Z`
}

/** How times are written and read. */
export const DATE_TIME = {
  extensions: { isPlainText: true },
  specifiedByURL: 'https://scalars.graphql.org/andimarek/date-time',
  serialize: isoText,
  parseValue: parseInstant,
}

/** Any JSON. Resolvers check the bounds of what they keep. A literal in the document is converted by the library. */
export const JSON_SCALAR = { serialize: (value: unknown) => value, parseValue: (value: unknown) => value }

function parseInstant(value: unknown): Date {
  const instant = typeof value === 'string' ? new Date(value) : undefined
  if (instant === undefined || Number.isNaN(instant.getTime())) {
    throw badInput('A DateTime is invalid. Pass an RFC 3339 time, such as 2026-01-31T12:00:00.000Z.')
  }
  return instant
}
