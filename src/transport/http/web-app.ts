import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join, relative, sep } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Logger } from '../../telemetry/logger.ts'

/** Serves the built web app to browsers. */
export type WebApp = Readonly<{
  /** Responds if a file of the app is at this path. Returns false otherwise, and while the app is not built. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<boolean>
}>

type Dependencies = Readonly<{
  /** The folder with the built files. */
  folder: string
  /** Origins of pages that may show the app in a frame, besides its own. */
  frameOrigins: readonly string[]
  /** Whether the files may be built again while the gateway runs. */
  isWatched: boolean
  logger: Logger
}>

/** Beside `src` in the repository, and beside `dist` in the package. */
export const WEB_APP_FOLDER = join(import.meta.dirname, '..', '..', '..', 'apps', 'chat', 'dist')

type File = Readonly<{
  body: Buffer
  gzipped: Buffer | undefined
  etag: string
  headers: Readonly<Record<string, string>>
}>

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json; charset=utf-8',
}

/** All files are kept in memory, so a folder that cannot be the app is rejected. */
const MAX_FILES = 100
const MAX_BYTES = 8 * 1024 * 1024
/** Smaller files do not gain from compression. */
const MIN_GZIP_BYTES = 1_024

const compress = promisify(gzip)

/**
 * Every file is read and compressed once, at the first request. A path is looked up among these files and never becomes
 * part of a file name, so no path leads out of the folder.
 */
export function createWebApp({ folder, frameOrigins, isWatched, logger }: Dependencies): WebApp {
  const policy = securityPolicy(frameOrigins)
  let loaded: Readonly<{ builtAtMs: number; files: Promise<ReadonlyMap<string, File>> }> | undefined

  async function files(): Promise<ReadonlyMap<string, File>> {
    if (loaded === undefined || isWatched) {
      const builtAtMs = await modifiedMs(join(folder, 'index.html'))
      if (builtAtMs === undefined) return NONE
      if (builtAtMs !== loaded?.builtAtMs) loaded = { builtAtMs, files: readFiles(folder) }
    }
    try {
      return await loaded.files
    } catch (error) {
      // It may be just being built. The next request tries again.
      loaded = undefined
      logger.warn({ err: error, folder }, 'web app cannot be read; it is not served')
      return NONE
    }
  }

  return {
    async handle(request, response) {
      if (request.method !== 'GET' && request.method !== 'HEAD') return false
      const path = request.url?.split('?', 1)[0] ?? ''
      const file = (await files()).get(path === '/' ? '/index.html' : path)
      if (file === undefined) return false
      if (file.headers['Content-Type'] === CONTENT_TYPES['.html']) {
        response.setHeader('Content-Security-Policy', policy)
        // The policy says who may show the page in a frame. This older header cannot name origins.
        response.removeHeader('X-Frame-Options')
      }
      send(request, response, file)
      return true
    },
  }
}

const NONE: ReadonlyMap<string, File> = new Map()

/** React Aria puts one style element into the page, which makes touch work. It is allowed by its hash. */
const TOUCH_STYLE = "'sha256-38RhXrc7EdReTKsOm23ZPOCUgniTUUcjky8QOOrQx6o='"

/** The page runs nothing but its own files. */
function securityPolicy(frameOrigins: readonly string[]): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' ${TOUCH_STYLE}`,
    "img-src 'self' https: data:",
    "connect-src 'self'",
    "frame-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors ${["'self'", ...frameOrigins].join(' ')}`,
  ].join('; ')
}

async function readFiles(folder: string): Promise<ReadonlyMap<string, File>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  if (paths.length > MAX_FILES) throw new Error(`${folder} has more than ${MAX_FILES} files.`)
  const sizes = await Promise.all(paths.map((path) => stat(path)))
  const bytes = sizes.reduce((sum, { size }) => sum + size, 0)
  if (bytes > MAX_BYTES) throw new Error(`${folder} has more than ${MAX_BYTES} bytes.`)
  return new Map(
    await Promise.all(
      paths.map(async (path): Promise<[string, File]> => {
        const name = `/${relative(folder, path).split(sep).join('/')}`
        return [name, await readOne(path, name)]
      }),
    ),
  )
}

async function readOne(path: string, name: string): Promise<File> {
  const body = await readFile(path)
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

function send(
  { method, headers }: IncomingMessage,
  response: ServerResponse,
  { body, gzipped, etag, headers: own }: File,
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

async function modifiedMs(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).mtimeMs
  } catch {
    return undefined
  }
}
