import { parse } from 'graphql'
import { expect, test } from 'vitest'
import { createDocumentCache } from '../../../src/transport/pipeline/document-cache.ts'

const document = parse('{ a }')

test('returns a document that was stored', () => {
  const cache = createDocumentCache()
  expect(cache.get('{ a }')).toBeUndefined()
  cache.set('{ a }', document)
  expect(cache.get('{ a }')).toBe(document)
})

test('keeps the most recently used documents within its bound', () => {
  const cache = createDocumentCache()
  const text = (index: number): string => `${index}`.padEnd(1024, '#')
  cache.set('favourite', document)
  for (let index = 0; index < 1_000; index++) {
    cache.set(text(index), document)
    expect(cache.get('favourite')).toBe(document)
  }
  const kept = Array.from({ length: 1_000 }, (_, index) => index).filter((index) => cache.get(text(index)))
  expect(kept.length).toBe(255)
  expect(kept.at(-1)).toBe(999)
})

test('counts a text once if it is stored again', () => {
  const cache = createDocumentCache()
  const text = 'x'.repeat(8 * 1024)
  cache.set('first', document)
  for (let time = 0; time < 100; time++) cache.set(text, document)
  expect(cache.get('first')).toBe(document)
})

test('does not keep a document of more than 8 KiB', () => {
  const cache = createDocumentCache()
  cache.set('x'.repeat(8 * 1024 + 1), document)
  expect(cache.get('x'.repeat(8 * 1024 + 1))).toBeUndefined()
})
