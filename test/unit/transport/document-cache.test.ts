import { type DocumentNode, parse } from 'graphql'
import { expect, test } from 'vitest'
import { createDocumentCache, type DocumentCache } from '../../../src/transport/pipeline/document-cache.ts'

/** Stores a document that is valid, and returns it. */
function store(cache: DocumentCache, text: string): DocumentNode {
  const document = parse('{ a }')
  cache.set(text, document)
  cache.keep(document)
  return document
}

test('returns a document that was stored and found to be valid', () => {
  const cache = createDocumentCache()
  expect(cache.get('{ a }')).toBeUndefined()
  const document = store(cache, '{ a }')
  expect(cache.get('{ a }')).toBe(document)
  expect(cache.has('{ a }')).toBe(true)
})

test('does not keep a document that was only parsed', () => {
  const cache = createDocumentCache()
  cache.set('{ a }', parse('{ a }'))
  expect(cache.get('{ a }')).toBeUndefined()
})

test('keeps the most recently used documents within its bound', () => {
  const cache = createDocumentCache()
  const text = (index: number): string => `${index}`.padEnd(1024, '#')
  const document = store(cache, 'favourite')
  for (let index = 0; index < 1_000; index++) {
    store(cache, text(index))
    expect(cache.get('favourite')).toBe(document)
  }
  const kept = Array.from({ length: 1_000 }, (_, index) => index).filter((index) => cache.get(text(index)))
  expect(kept.length).toBe(255)
  expect(kept.at(-1)).toBe(999)
})

test('counts a text once if it is stored again', () => {
  const cache = createDocumentCache()
  const text = 'x'.repeat(8 * 1024)
  const document = store(cache, 'first')
  for (let time = 0; time < 100; time++) store(cache, text)
  expect(cache.get('first')).toBe(document)
})

test('does not keep a document of more than 8 KiB', () => {
  const cache = createDocumentCache()
  store(cache, 'x'.repeat(8 * 1024 + 1))
  expect(cache.get('x'.repeat(8 * 1024 + 1))).toBeUndefined()
})
