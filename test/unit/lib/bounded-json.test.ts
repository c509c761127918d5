import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  canonicalJson,
  type Json,
  MAX_JSON_DEPTH,
  MAX_JSON_ENTRIES,
  problemOfJson,
} from '../../../src/lib/bounded-json.ts'

function nested(levels: number): Json {
  return levels === 0 ? 1 : { inner: nested(levels - 1) }
}

function wide(entries: number): Json {
  return Object.fromEntries(Array.from({ length: entries }, (_, index) => [`key ${index}`, index]))
}

test.each([
  ['a text', 'text'],
  ['a list', []],
  ['null', null],
  ['nothing', undefined],
])('%s is not an object', (_case, value) => {
  expect(problemOfJson(value, 100)).toBe('must be a JSON object')
})

test('an object may be as deep, as wide and as large as the bounds', () => {
  expect(problemOfJson(nested(MAX_JSON_DEPTH), 1_000)).toBeUndefined()
  expect(problemOfJson(nested(MAX_JSON_DEPTH + 1), 1_000)).toContain('levels deep')
  expect(problemOfJson(wide(MAX_JSON_ENTRIES), 10_000)).toBeUndefined()
  expect(problemOfJson(wide(MAX_JSON_ENTRIES + 1), 10_000)).toContain('keys and items')
  // {"a":"…"} has eight bytes besides the text, of which each letter has two.
  expect(problemOfJson({ a: 'é'.repeat(46) }, 100)).toBeUndefined()
  expect(problemOfJson({ a: 'é'.repeat(47) }, 100)).toBe('is larger than 100 bytes')
})

test('items of lists count, and numbers must be JSON', () => {
  expect(problemOfJson({ list: Array.from({ length: MAX_JSON_ENTRIES }, () => 0) }, 10_000)).toContain('keys')
  expect(problemOfJson({ number: Number.POSITIVE_INFINITY }, 100)).toContain('number')
})

test.each([
  ['a NUL character', { note: 'a\0b' }],
  ['half of a surrogate pair', { list: ['\ud800'] }],
  ['a NUL character in a key', { inner: { '\0': 1 } }],
])('%s is rejected, because databases and strict parsers cannot read it', (_case, value) => {
  expect(problemOfJson(value, 100)).toBe('has a NUL character or half of a surrogate pair')
  expect(problemOfJson({ note: 'tab\tand \u{1f600}' }, 100)).toBeUndefined()
})

test('a value that is far too deep or wide is rejected without a walk through all of it', () => {
  const deep = JSON.parse('{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000)) as Json
  expect(problemOfJson(deep, 4_096)).toContain('levels deep')
  let reads = 0
  const counted = new Proxy(
    Array.from({ length: 1_000 }, () => ({})),
    {
      get(target, key, receiver) {
        if (typeof key === 'string' && /^\d+$/.test(key)) reads += 1
        return Reflect.get(target, key, receiver) as unknown
      },
    },
  )
  expect(problemOfJson({ list: Array.from({ length: 10 }, () => counted) }, 4_096)).toContain(
    'keys and items',
  )
  expect(reads).toBeLessThanOrEqual(1_000)
})

test('equal values have equal canonical texts, whatever the order of their keys', () => {
  expect(canonicalJson({ b: 1, a: { d: [2, 1], c: null } })).toBe('{"a":{"c":null,"d":[2,1]},"b":1}')
  const reversed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(reversed)
    if (typeof value !== 'object' || value === null) return value
    const entries = Object.entries(value).map(([key, inner]) => [key, reversed(inner)] as const)
    return Object.fromEntries(entries.toReversed())
  }
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const json = JSON.parse(JSON.stringify(value)) as Json
      expect(canonicalJson(reversed(json) as Json)).toBe(canonicalJson(json))
      expect(JSON.parse(canonicalJson(json))).toEqual(json)
    }),
  )
})
