import { stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { Logger } from '../../telemetry/logger.ts'
import { HTML, readFiles, sendFile, type StaticFiles, toFile } from './web-app-files.ts'

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
  /** Where files are uploaded and served, if the configuration names it. */
  publicOrigin?: string | undefined
  /** In development, the files may be built again while the gateway runs, and pictures may come over HTTP. */
  isDevelopment: boolean
  logger: Logger
}>

/** Beside `src` in the repository, and beside `dist` in the package. */
export const WEB_APP_FOLDER = join(import.meta.dirname, '..', '..', '..', 'apps', 'chat', 'dist')

/** The origins of products that may show the app in a frame. The app takes tokens from these pages only. */
const EMBED_PATH = '/app/embed.json'

/**
 * Every file is read and compressed once, at the first request. A path is looked up among these files and never becomes
 * part of a file name, so no path leads out of the folder.
 */
export function createWebApp({
  folder,
  frameOrigins,
  publicOrigin,
  isDevelopment,
  logger,
}: Dependencies): WebApp {
  const policy = securityPolicy(frameOrigins, isDevelopment, publicOrigin)
  let loaded: Readonly<{ builtAtMs: number; files: Promise<StaticFiles> }> | undefined

  async function files(): Promise<StaticFiles> {
    if (loaded === undefined || isDevelopment) {
      const builtAtMs = await modifiedMs(join(folder, 'index.html'))
      if (builtAtMs === undefined) return NONE
      if (builtAtMs !== loaded?.builtAtMs) loaded = { builtAtMs, files: readApp() }
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

  async function readApp(): Promise<StaticFiles> {
    const built = await readFiles(folder)
    const embed = await toFile(EMBED_PATH, Buffer.from(JSON.stringify({ origins: frameOrigins })))
    return new Map([...built, [EMBED_PATH, embed]])
  }

  return {
    async handle(request, response) {
      if (request.method !== 'GET' && request.method !== 'HEAD') return false
      const path = request.url?.split('?', 1)[0] ?? ''
      const file = (await files()).get(path === '/' ? '/index.html' : path)
      if (file === undefined) return false
      if (file.headers['Content-Type'] === HTML) {
        response.setHeader('Content-Security-Policy', policy)
        // The policy says who may show the page in a frame. This older header cannot name origins.
        response.removeHeader('X-Frame-Options')
      }
      sendFile(request, response, file)
      return true
    },
  }
}

const NONE: StaticFiles = new Map()

/** React Aria puts one style element into the page, which makes touch work. It is allowed by its hash. */
const TOUCH_STYLE = "'sha256-38RhXrc7EdReTKsOm23ZPOCUgniTUUcjky8QOOrQx6o='"

/**
 * The page runs nothing but its own files. Pictures of users come from the addresses in their tokens, over HTTPS only:
 * HTTP would show the network whose pictures are loaded. Files of messages come from the gateway, or over HTTPS from
 * the storage that it redirects to. Until they are sent, the page shows them from its own memory, as `blob:`.
 */
function securityPolicy(
  frameOrigins: readonly string[],
  isDevelopment: boolean,
  publicOrigin: string | undefined,
): string {
  const gateway = publicOrigin === undefined ? "'self'" : `'self' ${publicOrigin}`
  const pictures = `${gateway} blob: https:${isDevelopment ? ' http:' : ''}`
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' ${TOUCH_STYLE}`,
    `img-src ${pictures}`,
    `media-src ${pictures}`,
    `connect-src ${gateway}`,
    "frame-src 'self'",
    "manifest-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors ${["'self'", ...frameOrigins].join(' ')}`,
  ].join('; ')
}

async function modifiedMs(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).mtimeMs
  } catch {
    return undefined
  }
}
