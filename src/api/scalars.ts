import { badInput } from '../errors.ts'
import type { Builder } from './builder.ts'

export function defineScalars(builder: Builder): void {
  builder.scalarType('DateTime', DATE_TIME)
}

/** How times are written and read. */
export const DATE_TIME = {
  specifiedByURL: 'https://scalars.graphql.org/andimarek/date-time',
  serialize: (value: Date) => value.toISOString(),
  parseValue: parseInstant,
}

function parseInstant(value: unknown): Date {
  const instant = typeof value === 'string' ? new Date(value) : undefined
  if (instant === undefined || Number.isNaN(instant.getTime())) {
    throw badInput('A DateTime is invalid. Pass an RFC 3339 time, such as 2026-01-31T12:00:00.000Z.')
  }
  return instant
}
