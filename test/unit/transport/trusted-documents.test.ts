import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  createTrustedDocuments,
  parseManifest,
  readTrustedDocuments,
} from '../../../src/transport/pipeline/trusted-documents.ts'

const WHO = '{ whoami }'
const HASH = createHash('sha256').update(WHO).digest('hex')
const persisted = (sha256Hash: unknown): object => ({ persistedQuery: { version: 1, sha256Hash } })
const { documentOf } = createTrustedDocuments(new Map([['who-1', WHO]]))

test.each([
  ['its id', { documentId: 'who-1' }],
  ['its id with a prefix', { documentId: 'sha256:who-1' }],
  ['the hash of its text', { documentId: `sha256:${HASH}` }],
  ['the hash in capitals', { documentId: HASH.toUpperCase() }],
  ["Apollo's extension", { extensions: persisted(HASH) }],
  ["its id in Apollo's extension", { extensions: persisted('who-1') }],
  ['its exact text', { query: WHO }],
  ['its id and its text', { query: WHO, documentId: 'who-1' }],
])('finds a document by %s', (_name, request) => {
  expect(documentOf(request)).toBe(WHO)
})

test.each([
  ['an unknown id', { documentId: 'who-2' }, 'not one of the trusted documents'],
  ['an unknown hash', { extensions: persisted('0'.repeat(64)) }, 'not one of the trusted documents'],
  ['another text', { query: '{ whoami  }' }, 'not one of the trusted documents'],
  ['a known id with another text', { query: '{ x }', documentId: 'who-1' }, 'not that of the document'],
  ['a name of every object', { documentId: 'constructor' }, 'not one of the trusted documents'],
])('rejects %s', (_name, request, message) => {
  expect(() => documentOf(request)).toThrow(
    expect.objectContaining({
      code: 'BAD_USER_INPUT',
      message: expect.stringContaining(message) as string,
    }) as Error,
  )
})

test('has no document for a request without one', () => {
  for (const request of [
    {},
    { query: '' },
    { documentId: '' },
    { query: 7, documentId: 7 },
    { extensions: null },
  ])
    expect(documentOf(request)).toBeUndefined()
})

test("reads Apollo's manifest and a map of documents by their hash, and nothing else", () => {
  const operations = [{ id: 'a', name: 'Who', type: 'query', body: WHO }]
  const apollo = { format: 'apollo-persisted-query-manifest', version: 1, operations }
  expect(parseManifest(apollo)).toEqual(new Map([['a', WHO]]))
  expect(parseManifest({ a: WHO })).toEqual(new Map([['a', WHO]]))
  for (const other of [{ ...apollo, version: 2 }, [WHO], { a: 7 }, 'a', null])
    expect(parseManifest(other)).toBeUndefined()
})

test('says what is wrong with the file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-manifest-'))
  const file = join(folder, 'manifest.json')
  expect(() => readTrustedDocuments(file)).toThrow(/TRUSTED_DOCUMENTS names .*, which cannot be read/)
  for (const text of ['[]', '{}']) {
    await writeFile(file, text)
    expect(() => readTrustedDocuments(file)).toThrow('which is no manifest')
  }
  await writeFile(file, JSON.stringify({ a: WHO }))
  expect(readTrustedDocuments(file)).toEqual(new Map([['a', WHO]]))
  await rm(folder, { recursive: true })
})
