import type { DocumentNode } from 'graphql'

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
 * Keeps the documents that were used last. Bounded by length and not by number, because anybody may send documents,
 * signed in or not, as long as they like.
 */
export function createDocumentCache(): DocumentCache {
  const documents = new Map<string, DocumentNode>()
  let totalChars = 0

  function drop(text: string): void {
    if (documents.delete(text)) totalChars -= text.length
  }

  function keep(text: string, document: DocumentNode): void {
    documents.set(text, document)
    totalChars += text.length
  }

  return {
    get(text) {
      const document = documents.get(text)
      if (document === undefined) return undefined
      drop(text)
      keep(text, document)
      return document
    },
    set(text, document) {
      if (text.length > MAX_DOCUMENT_CHARS) return
      drop(text)
      keep(text, document)
      for (const [oldest] of documents) {
        if (totalChars <= MAX_TOTAL_CHARS) return
        drop(oldest)
      }
    },
  }
}
