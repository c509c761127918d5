import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { createPersistedQueries } from '../../../src/transport/pipeline/persisted-queries.ts'

const hashOf = (query: string): string => createHash('sha256').update(query).digest('hex')
const named = (query: string): object => ({ persistedQuery: { version: 1, sha256Hash: hashOf(query) } })

test('keeps a document that comes with its hash', () => {
  const persisted = createPersistedQueries()
  expect(() => persisted.documentOf({ extensions: named('{ a }') })).toThrow('PersistedQueryNotFound')
  expect(persisted.documentOf({ query: '{ a }', extensions: named('{ a }') })).toBe('{ a }')
  expect(persisted.documentOf({ extensions: named('{ a }') })).toBe('{ a }')
})

test('does not keep a document under the hash of another, even if that one is known', () => {
  const persisted = createPersistedQueries()
  expect(() => persisted.documentOf({ query: '{ evil }', extensions: named('{ a }') })).toThrow(
    'is not that of',
  )
  persisted.documentOf({ query: '{ a }', extensions: named('{ a }') })
  expect(() => persisted.documentOf({ query: '{ evil }', extensions: named('{ a }') })).toThrow(
    'is not that of',
  )
  expect(persisted.documentOf({ extensions: named('{ a }') })).toBe('{ a }')
})

test('the number and the bytes of documents are bounded', () => {
  const persisted = createPersistedQueries()
  const isKept = (query: string): boolean => {
    try {
      return persisted.documentOf({ extensions: named(query) }) === query
    } catch {
      return false
    }
  }
  const small = Array.from({ length: 3_000 }, (_, index) => `{ a${index} }`)
  for (const query of small) persisted.documentOf({ query, extensions: named(query) })
  expect(small.filter(isKept)).toEqual(small.slice(1_000))
  const large = Array.from({ length: 600 }, (_, index) => `{ a${index} } #${'x'.repeat(15_000)}`)
  for (const query of large) persisted.documentOf({ query, extensions: named(query) })
  expect(large.filter(isKept).length).toBeLessThan((4 * 1024 * 1024) / 15_000)
  const tooLarge = `{ a } #${'x'.repeat(20_000)}`
  expect(persisted.documentOf({ query: tooLarge, extensions: named(tooLarge) })).toBe(tooLarge)
  expect(isKept(tooLarge)).toBe(false)
})

test.each([
  [{ version: 2, sha256Hash: hashOf('{ a }') }, 'PersistedQueryNotSupported'],
  [{ sha256Hash: hashOf('{ a }') }, 'PersistedQueryNotSupported'],
  ['a text', 'PersistedQueryNotSupported'],
  [{ version: 1 }, 'is malformed'],
  [{ version: 1, sha256Hash: '__proto__' }, 'is malformed'],
  [{ version: 1, sha256Hash: hashOf('{ a }').slice(1) }, 'is malformed'],
])('rejects the extension %j', (persistedQuery, message) => {
  const persisted = createPersistedQueries()
  expect(() => persisted.documentOf({ query: '{ a }', extensions: { persistedQuery } })).toThrow(message)
})

test.each([undefined, null, 7, [], {}, { persistedQuery: null }])('leaves %j alone', (extensions) => {
  const persisted = createPersistedQueries()
  expect(persisted.documentOf({ query: '{ a }', extensions })).toBe('{ a }')
  expect(persisted.documentOf({ query: '', extensions })).toBeUndefined()
  expect(persisted.documentOf({ query: 7, extensions })).toBeUndefined()
})
