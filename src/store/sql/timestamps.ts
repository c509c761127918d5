import pg from 'pg'

type Parse = (text: string) => unknown

const TIMESTAMPTZ: number = pg.types.builtins.TIMESTAMPTZ
const parseAny = pg.types.getTypeParser(TIMESTAMPTZ, 'text') as (text: string) => Date | number

/**
 * The parsers of values, by the type's OID. node-postgres parses a time by a regular expression, which takes longer
 * than the rest of a row.
 */
export const TYPES = {
  getTypeParser: (oid: number, format: 'text' | 'binary' = 'text'): Parse =>
    oid === TIMESTAMPTZ && format === 'text'
      ? parseTimestamp
      : (pg.types.getTypeParser(oid, format) as Parse),
}

let lastDay = ''
let lastDayMs = 0

/**
 * Parses a `timestamptz` as a session in UTC writes it: `2026-11-23 09:00:00.123+00`. Other forms, such as years before
 * the year 0 or infinity, are left to node-postgres. Times of one page mostly are of one day.
 */
export function parseTimestamp(text: string): Date | number {
  if (text.charCodeAt(4) !== DASH || text.charCodeAt(10) !== SPACE || !text.endsWith('+00'))
    return parseAny(text)
  const day = text.slice(0, 10)
  if (day !== lastDay) {
    lastDayMs = Date.parse(day)
    lastDay = day
  }
  const seconds = (digits(text, 11) * 60 + digits(text, 14)) * 60 + digits(text, 17)
  return new Date(lastDayMs + seconds * 1_000 + milliseconds(text))
}

const [DASH, SPACE, DOT, ZERO, NINE] = [0x2d, 0x20, 0x2e, 0x30, 0x39]

/** The number of two digits. */
function digits(text: string, at: number): number {
  return (text.charCodeAt(at) - ZERO) * 10 + (text.charCodeAt(at + 1) - ZERO)
}

/** PostgreSQL omits zeros at the end of a fraction. Digits beyond the third are cut off. */
function milliseconds(text: string): number {
  if (text.charCodeAt(19) !== DOT) return 0
  let value = 0
  for (let at = 20; at < 23; at += 1) {
    const code = text.charCodeAt(at)
    if (code < ZERO || code > NINE) return value * 10 ** (23 - at)
    value = value * 10 + (code - ZERO)
  }
  return value
}
