import { expect, test } from 'vitest'
import { parseTitle, parseTtl } from '../../../src/chats/chat-input.ts'

test('a title has at most 255 characters, counted in code points', () => {
  const longest = '👋'.repeat(255)
  expect(parseTitle(longest)).toBe(longest)
  expect(() => parseTitle(`${longest}!`)).toThrow('title must be 1 to 255 characters long')
})

test('a title is stored without surrounding blanks', () => {
  expect(parseTitle('  Lunch ')).toBe('Lunch')
})

test.each([
  ['is empty', ''],
  ['has only blanks', '   '],
  ['has a line break', 'Lunch\nDinner'],
  ['has a change of direction', 'Lunch \u202E'],
  ['has half of a surrogate pair', 'Lunch \uD83D'],
  ['has no visible character', '\u200B'],
])('a title is rejected if it %s', (_case, title) => {
  expect(() => parseTitle(title)).toThrow(/title must/)
})

test('a negative lifetime of messages is rejected', () => {
  expect(() => parseTtl(-1)).toThrow(/messageTtlSeconds/)
})
