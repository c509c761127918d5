import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join, relative, sep } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

/** A file as it is sent: read and compressed once, and kept in memory. */
export type StaticFile = Readonly<{
  body: Buffer
  gzipped: Buffer | undefined
  etag: string
  headers: Readonly<Record<string, string>>
}>

/** Files by their path, which begins with a slash. */
export type StaticFiles = ReadonlyMap<string, StaticFile>

export const HTML = 'text/html; charset=utf-8'

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': HTML,
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
  '.json': 'application/json; charset=utf-8',
}

/** All files are kept in memory, so a folder that cannot be the app is rejected. */
const MAX_FILES = 100
const MAX_BYTES = 8 * 1024 * 1024
/** Smaller files do not gain from compression. */
const MIN_GZIP_BYTES = 1_024

const compress = promisify(gzip)

/** Reads a folder with everything below it. Rejects if it is too large. */
export async function readFiles(folder: string): Promise<StaticFiles> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  if (paths.length > MAX_FILES) throw new Error(`${folder} has more than ${MAX_FILES} files.`)
  const sizes = await Promise.all(paths.map((path) => stat(path)))
  const bytes = sizes.reduce((sum, { size }) => sum + size, 0)
  if (bytes > MAX_BYTES) throw new Error(`${folder} has more than ${MAX_BYTES} bytes.`)
  return new Map(
    await Promise.all(
      paths.map(async (path): Promise<[string, StaticFile]> => {
        const name = `/${relative(folder, path).split(sep).join('/')}`
        return [name, await toFile(name, await readFile(path))]
      }),
    ),
  )
}

/** Prepares a file for its path. */
export async function toFile(name: string, body: Buffer): Promise<StaticFile> {
  const gzipped = body.length < MIN_GZIP_BYTES ? undefined : await compress(body, { level: 9 })
  const isHashed = name.startsWith('/assets/')
  return {
    body,
    gzipped: gzipped !== undefined && gzipped.length < body.length ? gzipped : undefined,
    etag: `"${createHash('sha256').update(body).digest('base64url')}"`,
    headers: {
      'Content-Type': CONTENT_TYPES[extname(name)] ?? 'application/octet-stream',
      // The name of a hashed file changes with its content. Browsers ask for the others each time.
      'Cache-Control': isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
      Vary: 'Accept-Encoding',
    },
  }
}

/** Responds with a file, or says that the browser has it already. */
export function sendFile(
  { method, headers }: IncomingMessage,
  response: ServerResponse,
  { body, gzipped, etag, headers: own }: StaticFile,
): void {
  for (const [name, value] of Object.entries({ ...own, ETag: etag })) response.setHeader(name, value)
  if (headers['if-none-match'] === etag) {
    response.writeHead(304).end()
    return
  }
  const acceptsGzip = /\bgzip\b/.test(headers['accept-encoding']?.toString() ?? '')
  if (acceptsGzip && gzipped !== undefined) response.setHeader('Content-Encoding', 'gzip')
  const bytes = acceptsGzip && gzipped !== undefined ? gzipped : body
  response.writeHead(200, { 'Content-Length': bytes.length })
  response.end(method === 'HEAD' ? undefined : bytes)
}
