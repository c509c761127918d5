import type { DocumentNode } from 'graphql'
import { LRUCache } from 'lru-cache'

/** Longer documents are parsed each time. */
const MAX_DOCUMENT_CHARS = 8 * 1024
/** A parsed document takes some hundred times the memory of its text. */
const MAX_TOTAL_CHARS = 256 * 1024

/** Valid documents by their text. */
export type DocumentCache = Readonly<{
  get(text: string): DocumentNode | undefined
  has(text: string): boolean
  /** Remembers the text of a document that was parsed. It is kept once it is found to be valid. */
  set(text: string, document: DocumentNode): void
  keep(document: DocumentNode): void
}>

/**
 * Keeps the most recently used documents. Bounded by length and not by number, because any client, signed in or not,
 * may send documents of any length. Invalid ones are not kept: they would displace those that are in use.
 */
export function createDocumentCache(): DocumentCache {
  const texts = new WeakMap<DocumentNode, string>()
  const documents = new LRUCache<string, DocumentNode>({
    maxSize: MAX_TOTAL_CHARS,
    maxEntrySize: MAX_DOCUMENT_CHARS,
    sizeCalculation: (_, text) => Math.max(1, text.length),
  })
  return {
    get: (text) => documents.get(text),
    has: (text) => documents.has(text),
    set: (text, document) => void texts.set(document, text),
    keep(document) {
      const text = texts.get(document)
      if (text !== undefined) documents.set(text, document)
      texts.delete(document)
    },
  }
}
