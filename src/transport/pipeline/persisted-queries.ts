import { createHash } from 'node:crypto'
import type { Plugin } from 'graphql-yoga'
import { LRUCache } from 'lru-cache'
import { persistedQueryError } from '../../api/masking.ts'
import { badInput } from '../../errors.ts'

/** Longer documents are not kept. Clients send them in full each time. */
const MAX_DOCUMENT_BYTES = 16 * 1024
/** Bounds of the cache. Any client may fill it, signed in or not. */
const MAX_TOTAL_BYTES = 4 * 1024 * 1024
const MAX_DOCUMENTS = 2_000

/** An operation as a client sends it. The values are not checked yet. */
export type DocumentRequest = Readonly<{ query?: unknown; documentId?: unknown; extensions?: unknown }>

/** Finds the document of an operation: a client may send a hash or an id instead of the text. */
export type PersistedQueries = Readonly<{
  /**
   * Returns the document of an operation, or undefined if the client sent neither a document nor a hash. A document
   * that comes with its hash is kept for the operations that follow.
   *
   * Errors:
   * - PERSISTED_QUERY_NOT_FOUND – the client then sends the document with the hash.
   * - PERSISTED_QUERY_NOT_SUPPORTED – an unknown version; the client then sends documents without hashes.
   * - BAD_USER_INPUT – the hash is malformed, or is not that of the document, or the document is not a trusted one.
   */
  documentOf(request: DocumentRequest): string | undefined
}>

/**
 * The automatic persisted queries of Apollo. They are supported instead of rejected, because apps with this link then
 * send a hash of 64 characters instead of some kilobytes, and need no change. Each gateway has its own cache. A client
 * that comes to another gateway, or returns after its document was evicted, needs one more round trip. The hash is
 * computed here, so that no client can store a document under the hash of another.
 */
export function createPersistedQueries(): PersistedQueries {
  const documents = new LRUCache<string, string>({
    max: MAX_DOCUMENTS,
    maxSize: MAX_TOTAL_BYTES,
    maxEntrySize: MAX_DOCUMENT_BYTES,
    sizeCalculation: (document) => Math.max(1, Buffer.byteLength(document)),
  })

  function documentFor(hash: string, query: string | undefined): string {
    if (query === undefined) {
      const document = documents.get(hash)
      if (document === undefined) throw persistedQueryError('PERSISTED_QUERY_NOT_FOUND')
      return document
    }
    // A hash that is known with this document needs no check.
    if (documents.get(hash) === query) return query
    if (createHash('sha256').update(query).digest('hex') !== hash) throw badInput(WRONG_HASH)
    documents.set(hash, query)
    return query
  }

  return {
    documentOf({ query, extensions }) {
      const document = typeof query === 'string' && query !== '' ? query : undefined
      const persisted = fieldOf(extensions, 'persistedQuery')
      if (persisted === undefined || persisted === null) return document
      if (fieldOf(persisted, 'version') !== 1) throw persistedQueryError('PERSISTED_QUERY_NOT_SUPPORTED')
      const hash = fieldOf(persisted, 'sha256Hash')
      if (typeof hash !== 'string' || !/^[0-9a-f]{64}$/i.test(hash)) throw badInput(MALFORMED_HASH)
      return documentFor(hash.toLowerCase(), document)
    },
  }
}

/** Resolves persisted queries over HTTP. Must come before the plugins that read the document. */
export function usePersistedQueries(persistedQueries: PersistedQueries): Plugin {
  return {
    onParams({ params, setParams }) {
      // Yoga checks the shape of the parameters afterwards.
      const request = (params as DocumentRequest | null) ?? {}
      const query = persistedQueries.documentOf(request)
      if (query !== undefined && query !== request.query) setParams({ ...params, query })
    },
  }
}

const MALFORMED_HASH =
  'The hash in "persistedQuery.sha256Hash" is malformed. Send the SHA-256 of the document as 64 hexadecimal digits.'
const WRONG_HASH =
  'The hash in "persistedQuery.sha256Hash" is not that of the document. Send the SHA-256 of exactly this "query".'

/** Returns a field of a value that may not be an object. */
export function fieldOf(object: unknown, name: string): unknown {
  if (typeof object !== 'object' || object === null) return undefined
  return (object as Readonly<Record<string, unknown>>)[name]
}
