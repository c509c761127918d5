import { expect, test } from 'vitest'
import { MAX_ANSWER_CHARS, withinSize } from '../../../src/transport/pipeline/answer-size.ts'

/** A result in which the same text occurs `count` times. */
function result(text: string, count: number) {
  return { data: { chats: Array.from({ length: count }, () => ({ body: text, seq: 1, deletedAt: null })) } }
}

test('a page of a hundred of the longest messages fits', () => {
  const page = result('👋'.repeat(8_192), 100)
  expect(withinSize(page)).toBe(page)
})

test('an answer that repeats long texts is replaced by an error', () => {
  const body = 'x'.repeat(8_192)
  expect(withinSize(result(body, 4_900))).toMatchObject({
    errors: [{ extensions: { code: 'BAD_USER_INPUT' }, message: expect.stringContaining('4 MiB') as string }],
  })
})

test('names of fields count as well', () => {
  const name = 'x'.repeat(MAX_ANSWER_CHARS / 10)
  const data = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`${name}${index}`, true]))
  expect(withinSize({ data }).errors).toHaveLength(1)
})

test('the characters of an answer are charged, up to the limit', () => {
  const charged: number[] = []
  withinSize({ data: { body: 'x'.repeat(1_000) } }, (chars) => charged.push(chars))
  withinSize(result('x'.repeat(8_192), 4_900), (chars) => charged.push(chars))
  expect(charged).toEqual([1_004, MAX_ANSWER_CHARS])
})

test('a result without data stays as it is', () => {
  for (const empty of [{ data: null, errors: [] }, { errors: [] }]) {
    expect(withinSize(empty)).toBe(empty)
  }
})
