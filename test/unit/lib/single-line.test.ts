import fc from 'fast-check'
import { expect, test } from 'vitest'
import { problemOfSingleLine, toSingleLine, trimSingleLine } from '../../../src/lib/single-line.ts'

test.each([
  ['a change of direction', 'Alice\u202Egnp.exe', 'Alicegnp.exe'],
  ['an isolated direction', '\u2067Alice\u2069', 'Alice'],
  ['marks of direction', 'Al\u200Eice\u061C', 'Alice'],
  ['a line separator', 'Alice\u2028Smith', 'Alice Smith'],
  ['line breaks', 'Alice\r\n\nSmith', 'Alice Smith'],
  ['a control character', 'Al\u0007ice', 'Alice'],
  ['characters without width', '\uFEFFAl\u200Bi\u00ADce\u2060', 'Alice'],
  ['half of a surrogate pair', 'Alice \uD83D', 'Alice \uFFFD'],
])('a name with %s is cleaned', (_case, given, clean) => {
  expect(toSingleLine(given)).toBe(clean)
  expect(problemOfSingleLine(clean)).toBe(undefined)
})

test.each([
  ['an emoji of several parts', '👩‍👩‍👧'],
  ['Persian with a zero-width non-joiner', 'می\u200Cخواهم'],
  ['Hebrew', 'שלום'],
])('%s stays as it is', (_case, text) => {
  expect(toSingleLine(text)).toBe(text)
  expect(trimSingleLine(text)).toBe(text)
})

test.each([
  ['characters without width', '\u200B\u200D\u2060'],
  ['changes of direction', '\u202E\u202D'],
  ['blanks', ' \u3000\u2028'],
  ['a filler', '\u3164'],
])('nothing is left of a name of %s alone', (_case, text) => {
  expect(toSingleLine(text)).toBe(undefined)
})

test('a name is cut to 255 code points, and never in the middle of one', () => {
  expect(Array.from(toSingleLine('👋'.repeat(300)) ?? '')).toHaveLength(255)
})

test('whatever the input, a cleaned name keeps the rule, and cleaning it again changes nothing', () => {
  const special = fc.constantFrom(...Array.from('\u200B\u200D\u202E\u2028\n👋 a\u061C\u3164'), '\uD83D')
  const text = fc.array(fc.oneof(special, fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 400 })
  fc.assert(
    fc.property(text, (parts) => {
      const line = toSingleLine(parts.join(''))
      if (line === undefined) return
      expect(problemOfSingleLine(line)).toBe(undefined)
      expect(toSingleLine(line)).toBe(line)
    }),
  )
})
