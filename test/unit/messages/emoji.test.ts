import { describe, expect, test } from 'vitest'
import { parseEmoji } from '../../../src/messages/emoji.ts'

const refused: unknown = expect.objectContaining({ code: 'BAD_USER_INPUT' })
const MODIFIERS = ['🏻', '🏼', '🏽', '🏾', '🏿']

describe('parseEmoji', () => {
  test.each(['👍', '❤️', '👍🏽', '🇨🇭', '👩‍👩‍👧‍👦', '1️⃣', '🏴󠁧󠁢󠁳󠁣󠁴󠁿'])('accepts %s', (emoji) => {
    expect(parseEmoji(emoji)).toBe(emoji)
  })

  test.each([
    ['empty', ''],
    ['a letter', 'a'],
    ['a digit', '1'],
    ['two of them', '👍👍'],
    ['one with a space', '👍 '],
    ['the name of one', ':+1:'],
    ['half a flag', '🇨'],
    ['a skin before its hand', '🏽👍'],
    ['a joiner', '\u200d'],
    ['a skin tone alone', '🏽'],
    ['a hair style alone', '🦰'],
    ['a selector before its emoji', '\uFE0F❤'],
    ['one with two selectors', '❤\uFE0F\uFE0F'],
    ['a digit with a selector', '1\uFE0F'],
    ['very many', '👍'.repeat(1_000)],
  ])('may not be %s', (_, emoji) => {
    expect(() => parseEmoji(emoji)).toThrow(refused)
  })

  test.each([
    ['⭐\uFE0F', '⭐'],
    ['👍\uFE0F', '👍'],
    ['❤', '❤\uFE0F'],
    ['❤\uFE0E', '❤\uFE0F'],
    ['☝', '☝\uFE0F'],
    ['☝\uFE0F🏽', '☝🏽'],
    ['🤷\u200D♀', '🤷\u200D♀\uFE0F'],
    ['🤷🏽\u200D♀', '🤷🏽\u200D♀\uFE0F'],
    ['🏳\u200D🌈', '🏳\uFE0F\u200D🌈'],
    ['👁\uFE0F\u200D🗨', '👁\uFE0F\u200D🗨\uFE0F'],
    ['1\u20E3', '1\uFE0F\u20E3'],
    ['1\u20E3\uFE0F', '1\uFE0F\u20E3'],
    ['#\u20E3', '#\uFE0F\u20E3'],
    ['©', '©\uFE0F'],
  ])('returns %j as the fully qualified %j', (text, emoji) => {
    expect(parseEmoji(text)).toBe(emoji)
  })

  test('returns the same emoji for every choice of variation selectors', () => {
    const emojis = everyEmoji()
    expect(emojis.length).toBeGreaterThan(3_000)
    for (const emoji of emojis) {
      expect(emoji.length).toBeLessThanOrEqual(35)
      for (const spelling of spellingsOf(emoji))
        expect([spelling, parseEmoji(spelling)]).toEqual([spelling, emoji])
    }
  })
})

/** Returns each emoji with each of its variation selectors left out or set, and with needless ones. */
function spellingsOf(emoji: string): readonly string[] {
  const parts = emoji.split('\uFE0F')
  const spellings = parts
    .slice(1)
    .reduce<readonly string[]>(
      (starts, part) => starts.flatMap((start) => [`${start}${part}`, `${start}\uFE0F${part}`]),
      [parts[0] ?? ''],
    )
  const needless = emoji.replaceAll(
    /(\p{Emoji_Presentation})(?!\uFE0F|\p{RI}|[\u{E0020}-\u{E007F}])/gu,
    '$1\uFE0F',
  )
  return [...spellings, ...(needless.length <= 64 ? [needless] : [])]
}

/** Returns the recommended emoji that can be built from one or two characters, modifiers and joined genders. */
function everyEmoji(): readonly string[] {
  const isEmoji = (text: string): boolean =>
    /^\p{RGI_Emoji}$/v.test(text) && !/^\p{Emoji_Component}$/u.test(text)
  const single = Array.from({ length: 0x1_fb00 - 0x20 }, (_, index) =>
    String.fromCodePoint(index + 0x20),
  ).filter((text) => /^\p{Emoji}$/u.test(text))
  const regional = Array.from({ length: 26 }, (_, index) => String.fromCodePoint(0x1_f1e6 + index))
  const toned = single.flatMap((base) => ['', '\uFE0F', ...MODIFIERS].map((rest) => base + rest))
  const joined = [
    '♀\uFE0F',
    '♂\uFE0F',
    '⚕\uFE0F',
    '⚖\uFE0F',
    '✈\uFE0F',
    '🌈',
    '⚧\uFE0F',
    '🗨\uFE0F',
    '🔥',
    '🩹',
    '➡\uFE0F',
    '🦰',
    '💻',
    '❤\uFE0F\u200D👨',
    '❤\uFE0F\u200D💋\u200D👩🏽',
  ]
  const sequences = toned.flatMap((start) => joined.map((end) => `${start}\u200D${end}`))
  const arrows = sequences.map((start) => `${start}\u200D➡\uFE0F`)
  const flags = regional.flatMap((first) => regional.map((second) => first + second))
  const keycaps = '0123456789#*'.split('').map((key) => `${key}\uFE0F\u20E3`)
  return [...toned, ...sequences, ...arrows, ...flags, ...keycaps].filter(isEmoji)
}
