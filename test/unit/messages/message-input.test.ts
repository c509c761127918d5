import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ParleyError } from '../../../src/errors.ts'
import { fingerprintOf, parseBody, parseEmoji, parseKey } from '../../../src/messages/message-input.ts'
import { anyText } from '../../harness/arbitraries.ts'

const refused: unknown = expect.objectContaining({ code: 'BAD_USER_INPUT' })
const key = (value: string): string => parseKey('clientMessageId', value)

/** What `parse` makes of the value: the value, or the error's code. */
function outcomeOf(parse: (value: string) => string, value: string): string {
  try {
    return parse(value)
  } catch (error) {
    if (error instanceof ParleyError) return error.code
    throw error
  }
}

describe('a body', () => {
  test.each([
    'x',
    ' ',
    'two\nlines\tand a tab',
    'e\u0301',
    '👩‍👩‍👧‍👦',
    '𝒳'.repeat(8_192),
    'x'.repeat(8_192),
    '\u2028',
  ])('may be %j', (body) => expect(parseBody(body)).toBe(body))

  test.each([
    '',
    'x'.repeat(8_193),
    '𝒳'.repeat(8_193),
    'x'.repeat(100_000),
    'a\0',
    'a\r\n',
    '\x1b[31m',
    '\x7f',
    '\x85',
  ])('may not be %j', (body) => expect(() => parseBody(body)).toThrow(refused))

  test('may not contain half of a surrogate pair', () => {
    expect(() => parseBody('👍'.slice(0, 1))).toThrow(refused)
    expect(() => parseBody('👍'.slice(1))).toThrow(refused)
  })

  test('is either taken as it is or refused, whatever it is', () => {
    fc.assert(
      fc.property(anyText, (body) => {
        expect([body, 'BAD_USER_INPUT']).toContain(outcomeOf(parseBody, body))
      }),
    )
  })
})

describe('a key', () => {
  test.each(['1', '01900000-0000-7000-8000-000000000001', 'k'.repeat(64), '👍'.repeat(64), 'a b'])(
    'may be %j',
    (value) => expect(key(value)).toBe(value),
  )

  test.each(['', 'k'.repeat(65), '👍'.repeat(65), 'a\nb', 'a\tb', '\0', '\ud83d'])('may not be %j', (value) =>
    expect(() => key(value)).toThrow(refused),
  )

  test('is refused by its name', () => {
    expect(() => parseKey('deviceId', '')).toThrow('deviceId has to be 1 to 64 characters long')
  })
})

describe('an emoji', () => {
  test.each(['👍', '❤️', '👍🏽', '🇨🇭', '👩‍👩‍👧‍👦', '1️⃣', '🏴󠁧󠁢󠁳󠁣󠁴󠁿'])('may be %s', (emoji) =>
    expect(parseEmoji(emoji)).toBe(emoji),
  )

  test.each(['', 'a', '1', '👍👍', '👍 ', ':+1:', '🇨', '🏽👍', '\u200d', '👍'.repeat(1_000)])(
    'may not be %j',
    (emoji) => expect(() => parseEmoji(emoji)).toThrow(refused),
  )
})

describe('a fingerprint', () => {
  test('is the same for what is sent again, and 16 bytes long', () => {
    expect(fingerprintOf('Hello', 3)).toEqual(fingerprintOf('Hello', 3))
    expect(fingerprintOf('Hello', null)).toHaveLength(16)
  })

  test('tells another body and another message replied to', () => {
    const reply = fc.option(fc.integer({ min: 1, max: 3 }))
    const message = fc.tuple(fc.constantFrom('Hello', 'Hello ', 'Hello",1]', '1', '', 'null'), reply)
    fc.assert(
      fc.property(message, message, (one, other) => {
        const isSame = JSON.stringify(one) === JSON.stringify(other)
        expect(fingerprintOf(...one).equals(fingerprintOf(...other))).toBe(isSame)
      }),
    )
  })
})
