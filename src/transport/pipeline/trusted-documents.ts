import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import * as z from 'zod'
import { ConfigError } from '../../config/config-error.ts'
import { badInput } from '../../errors.ts'
import { messageOf } from '../../lib/error-info.ts'
import { type DocumentRequest, fieldOf, type PersistedQueries } from './persisted-queries.ts'

/** Documents by the ids under which the manifest lists them. */
export type TrustedDocuments = ReadonlyMap<string, string>

/** As Apollo's tools write it (`@apollo/generate-persisted-query-manifest`). */
const APOLLO_MANIFEST = z.object({
  format: z.literal('apollo-persisted-query-manifest'),
  version: z.literal(1),
  operations: z.array(z.object({ id: z.string().min(1), body: z.string().min(1) })),
})

/** Texts by their hash, as GraphQL Code Generator (`persistedDocuments`), Relay and Yoga have it. */
const MAP_MANIFEST = z.record(z.string().min(1), z.string().min(1))

/**
 * Reads the manifest in a file, in the format of Apollo, or as a JSON object of documents by their hash. Throws
 * ConfigError if the file cannot be read or is neither.
 */
export function readTrustedDocuments(file: string): TrustedDocuments {
  const documents = parseManifest(readJson(file))
  if (documents !== undefined && documents.size > 0) return documents
  throw new ConfigError([
    `TRUSTED_DOCUMENTS names ${file}, which is no manifest: it must be Apollo's, or a JSON object of documents by their hash.`,
  ])
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new ConfigError([`TRUSTED_DOCUMENTS names ${file}, which cannot be read: ${messageOf(error)}.`])
  }
}

/** Returns undefined if the value is not a manifest. */
export function parseManifest(value: unknown): TrustedDocuments | undefined {
  const apollo = APOLLO_MANIFEST.safeParse(value)
  if (apollo.success) return new Map(apollo.data.operations.map(({ id, body }) => [id, body]))
  const map = MAP_MANIFEST.safeParse(value)
  return map.success ? new Map(Object.entries(map.data)) : undefined
}

/**
 * Accepts the documents of a manifest and no others. A client names one by its id, in `documentId` or as Apollo's
 * persisted queries do, or sends its exact text. An attacker can then no longer choose what a document asks for, only
 * its variables. Unknown documents are rejected before they are parsed.
 */
export function createTrustedDocuments(documents: TrustedDocuments): PersistedQueries {
  const texts = new Set(documents.values())
  // Tools that name documents by another hash still let a client send the SHA-256 of the text.
  const byHash = new Map([...texts].map((text) => [createHash('sha256').update(text).digest('hex'), text]))

  function documentNamed(id: string): string | undefined {
    const hash = id.replace(/^sha256:/, '')
    return documents.get(id) ?? documents.get(hash) ?? byHash.get(hash.toLowerCase())
  }

  return {
    documentOf(request) {
      const text = typeof request.query === 'string' && request.query !== '' ? request.query : undefined
      const id = idOf(request)
      if (text === undefined && id === undefined) return undefined
      const document = id === undefined ? text : documentNamed(id)
      if (document === undefined || !texts.has(document)) throw badInput(NOT_TRUSTED)
      if (text !== undefined && text !== document) throw badInput(WRONG_TEXT)
      return document
    },
  }
}

function idOf({ documentId, extensions }: DocumentRequest): string | undefined {
  if (typeof documentId === 'string' && documentId !== '') return documentId
  const hash = fieldOf(fieldOf(extensions, 'persistedQuery'), 'sha256Hash')
  return typeof hash === 'string' && hash !== '' ? hash : undefined
}

const NOT_TRUSTED =
  'The operation is not one of the trusted documents of this server. Add it to the manifest, and send its id or its exact text.'
const WRONG_TEXT = 'The text in "query" is not that of the document with this id. Send the id alone.'
