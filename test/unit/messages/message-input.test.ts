import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { newAttachmentId } from '../../../src/ids.ts'
import { ParleyError } from '../../../src/errors.ts'
import { parseKey } from '../../../src/chats/client-key.ts'
import { fingerprintOf, parseBody } from '../../../src/messages/message-input.ts'
import { anyText } from '../../harness/fixtures/arbitraries.ts'

const refused: unknown = expect.objectContaining({ code: 'BAD_USER_INPUT' })
const key = (value: string): string => parseKey('clientMessageId', value)

/** Returns the parsed value, or the code of the error. */
function outcomeOf(parse: (value: string) => string, value: string): string {
  try {
    return parse(value)
  } catch (error) {
    if (error instanceof ParleyError) return error.code
    throw error
  }
}

describe('parseBody', () => {
  test.each([
    ['one character', 'x'],
    ['lines and tabs', 'two\nlines\tand a tab'],
    ['a letter and its accent', 'e\u0301'],
    ['a family', '👩‍👩‍👧‍👦'],
    ['as long as allowed', 'x'.repeat(8_192)],
    ['as long as allowed outside of the basic plane', '𝒳'.repeat(8_192)],
    ["Unicode's own line separator", 'a\u2028b'],
    ['a letter between blanks', '\n\u200b x\u3000'],
    ['a family alone', '👪'],
    ['a mark that begins a number in Arabic', '\u0600'],
  ])('accepts %s', (_, body) => {
    expect(parseBody(body)).toBe(body)
  })

  test.each([
    ['empty', ''],
    ['one character too long', 'x'.repeat(8_193)],
    ['one character too long outside of the basic plane', '𝒳'.repeat(8_193)],
    ['far too long', 'x'.repeat(100_000)],
    ['with a NUL', 'a\0'],
    ['with a carriage return alone', 'a\rb'],
    ['with two carriage returns before a newline', 'a\r\r\n'],
    ['a space', ' '],
    ['newlines and tabs', '\n\t\n'],
    ['a CRLF', '\r\n'],
    ['blanks of other widths', '\u00a0\u2003\u3000\u2028'],
    ['joiners and selectors', '\u200b\u200d\u2060\ufe0f\ufeff'],
    ['a soft hyphen', '\u00ad'],
    ['a Hangul filler', '\u3164'],
    ['a braille pattern without dots', '\u2800'],
    ['changes of direction', '\u202e\u2066\u2069'],
    ['a terminal escape', '\x1b[31m'],
    ['a DEL', '\x7f'],
    ['one of the upper control characters', '\x85'],
  ])('may not be %s', (_, body) => {
    expect(() => parseBody(body)).toThrow(refused)
  })

  test('rejects half of a surrogate pair', () => {
    expect(() => parseBody('👍'.slice(0, 1))).toThrow(refused)
    expect(() => parseBody('👍'.slice(1))).toThrow(refused)
  })

  test('returns CRLF as LF, and counts it as one character', () => {
    expect(parseBody('one\r\ntwo\n\r\nthree')).toBe('one\ntwo\n\nthree')
    expect(parseBody(`${'\r\n'.repeat(8_191)}x`)).toHaveLength(8_192)
  })

  test('returns any other text unchanged or rejects it', () => {
    fc.assert(
      fc.property(anyText, (body) => {
        expect([body.replaceAll('\r\n', '\n'), 'BAD_USER_INPUT']).toContain(outcomeOf(parseBody, body))
      }),
    )
  })
})

describe('parseKey', () => {
  test.each([
    ['one character', '1'],
    ['a UUID', '01900000-0000-7000-8000-000000000001'],
    ['as long as allowed', 'k'.repeat(64)],
    ['as long as allowed outside of the basic plane', '👍'.repeat(64)],
    ['with a space', 'a b'],
  ])('accepts %s', (_, value) => {
    expect(key(value)).toBe(value)
  })

  test.each([
    ['empty', ''],
    ['too long', 'k'.repeat(65)],
    ['too long outside of the basic plane', '👍'.repeat(65)],
    ['with a newline', 'a\nb'],
    ['with a tab', 'a\tb'],
    ['a NUL', '\0'],
    ['half of a surrogate pair', '\ud83d'],
  ])('may not be %s', (_, value) => {
    expect(() => key(value)).toThrow(refused)
  })

  test('names the argument in the error', () => {
    expect(() => parseKey('deviceId', '')).toThrow('deviceId must be 1 to 64 characters long')
  })
})

const [FIRST, SECOND] = [newAttachmentId(), newAttachmentId()]

describe('fingerprintOf', () => {
  test('returns the same 16 bytes for the same content', () => {
    const content = { body: 'Hello', replyToSeq: 3, attachmentIds: [], type: 'order', data: { a: 1, b: 2 } }
    expect(fingerprintOf(content)).toEqual(fingerprintOf({ ...content, data: { b: 2, a: 1 } }))
    expect(fingerprintOf(content)).toHaveLength(16)
  })

  test('differs for another body, reply target, type and data, and for other attachments', () => {
    const reply = fc.constantFrom(null, 1, 11)
    const message = fc.record({
      body: fc.constantFrom('Hello', 'Hello1', 'Hello",1]', '1', '', 'null'),
      replyToSeq: reply,
      attachmentIds: fc.subarray([FIRST, SECOND]),
      type: fc.constantFrom(null, 'order', 'a'),
      data: fc.constantFrom(null, {}, { a: null }, { a: 'order' }),
    })
    fc.assert(
      fc.property(message, message, (one, other) => {
        const isSame = JSON.stringify(one) === JSON.stringify(other)
        expect(fingerprintOf(one).equals(fingerprintOf(other))).toBe(isSame)
      }),
    )
  })
})
