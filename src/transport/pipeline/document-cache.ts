import type { DocumentNode } from 'graphql'
import { LRUCache } from 'lru-cache'

/** Longer documents are parsed each time. */
const MAX_DOCUMENT_CHARS = 8 * 1024
/** A parsed document takes some hundred times the memory of its text. */
const MAX_TOTAL_CHARS = 256 * 1024

/** Parsed documents by their text. */
export type DocumentCache = Readonly<{
  get(text: string): DocumentNode | undefined
  set(text: string, document: DocumentNode): void
}>

/**
 * Keeps the most recently used documents. Bounded by length and not by number, because any client, signed in or not,
 * may send documents of any length.
 */
export function createDocumentCache(): DocumentCache {
  return new LRUCache<string, DocumentNode>({
    maxSize: MAX_TOTAL_CHARS,
    maxEntrySize: MAX_DOCUMENT_CHARS,
    sizeCalculation: (_, text) => Math.max(1, text.length),
  })
}
