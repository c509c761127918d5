import type { IncomingMessage, ServerResponse } from 'node:http'
import { notFound, ParleyError, unavailable } from '../../errors.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Download, Downloads } from '../../media/downloads.ts'
import { MEDIA_PATH, type MediaLink, type MediaLinks } from '../../media/media-links.ts'
import type { ResumableUploads } from '../../media/resumable-uploads.ts'
import type { Uploads } from '../../media/uploads.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import { sendJson } from './json-response.ts'
import { sendDownload } from './media-download.ts'
import { STATUS } from './status.ts'
import { createTusEndpoint, TUS_METHODS } from './tus.ts'
import type { CorsHeaders } from './origins.ts'

/** Takes and serves files at signed addresses. */
export type MediaEndpoint = Readonly<{
  /** Responds if the path is one of files. Returns false otherwise. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<boolean>
}>

type Dependencies = Readonly<{
  links: MediaLinks
  /** Undefined if uploads are off. */
  files: Readonly<{ uploads: Uploads; resumable: ResumableUploads; downloads: Downloads }> | undefined
  /** How long uploads are paused for, in milliseconds. Undefined: they are not. */
  pausedForMs(): number | undefined
  corsHeaders: CorsHeaders
  clock: Clock
  metrics: Pick<Metrics, 'mediaDownloads'>
  logger: Logger
}>

/** The parts of tus that an address of an upload supports. */
const TUS_OPTIONS = {
  'Tus-Resumable': '1.0.0',
  'Tus-Version': '1.0.0',
  'Tus-Extension': 'creation,creation-with-upload',
}

/** The rest of a body that is read after the request was rejected. */
const MAX_IGNORED_BYTES = 32 * 1024 * 1024

/** Nothing arrives or leaves for this long: the client is gone. Then the server closes the connection. */
const SILENCE_MS = 30_000

/** A request that sends or takes a byte now and then ends after this time. Uploads and downloads resume. */
const MAX_REQUEST_MS = 2 * 3_600_000

/** How long a client waits while its file is inspected. */
const INSPECTION_MS = 180_000

export function createMediaEndpoint(dependencies: Dependencies): MediaEndpoint {
  const { links, files, pausedForMs, corsHeaders, clock, metrics, logger } = dependencies

  const tus = files && createTusEndpoint(files.resumable, logger)

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const link = files && links.read(request.url ?? '')
    if (files === undefined || link === undefined) throw notFound('File')
    if (link.type === 'upload') await receive(link, files.uploads, request, response)
    else if (request.method !== 'GET' && request.method !== 'HEAD')
      sendNotAllowed(response, 'GET, HEAD, OPTIONS')
    else await sendDownload(request, response, await open(link, files.downloads))
  }

  function open(link: Exclude<MediaLink, { type: 'upload' }>, downloads: Downloads): Promise<Download> {
    return link.type === 'scan' ? downloads.openForScan(link) : downloads.open(link)
  }

  async function receive(
    { id, expiresAt }: Extract<MediaLink, { type: 'upload' }>,
    uploads: Uploads,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { method = '' } = request
    if (method !== 'PUT' && !TUS_METHODS.has(method)) {
      return sendNotAllowed(response, 'PUT, POST, HEAD, PATCH, OPTIONS')
    }
    if (expiresAt.getTime() <= clock.now()) {
      throw new ParleyError('FORBIDDEN', 'The address has expired. Create another upload.')
    }
    rejectIfPaused()
    if (method !== 'PUT') {
      if (request.headers['tus-resumable'] !== TUS_OPTIONS['Tus-Resumable'])
        return sendError(request, response, 412, unversioned())
      return tus?.handle(request, response)
    }
    const length = request.headers['content-length']
    if (length === undefined) return sendError(request, response, 411, unsized())
    await uploads.receive(id, request, Number(length))
    response.writeHead(204).end()
  }

  function rejectIfPaused(): void {
    const retryAfterMs = pausedForMs()
    if (retryAfterMs === undefined) return
    throw new ParleyError(
      'SERVICE_DEGRADED',
      'Uploads are paused because the server is overloaded. Try again later.',
      {
        retryAfterMs,
      },
    )
  }

  function fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    // The client has gone, or there is nothing left to tell it.
    if (response.headersSent || (request.destroyed && !request.complete)) return void response.destroy()
    const known =
      error instanceof ParleyError ? error : unavailable('The file could not be read. Try again.', error)
    if (known.code === 'UNAVAILABLE')
      logger.warn({ err: known.cause ?? known }, 'a file could not be stored or served')
    sendError(request, response, STATUS[known.code], known)
  }

  return {
    async handle(request, response) {
      if (request.url?.startsWith(MEDIA_PATH) !== true) return false
      for (const [name, value] of Object.entries(corsHeaders(request.headers.origin)))
        response.setHeader(name, value)
      if (request.method === 'OPTIONS') {
        response.writeHead(204, TUS_OPTIONS).end()
        return true
      }
      limitSilence(request)
      const timer = setTimeout(() => request.destroy(), MAX_REQUEST_MS).unref()
      try {
        await serve(request, response)
      } catch (error) {
        fail(request, response, error)
      } finally {
        clearTimeout(timer)
        if (request.method === 'GET') metrics.mediaDownloads.inc({ status: response.statusCode })
      }
      return true
    },
  }
}

/** The time for the connection's next request is the usual one again. */
function limitSilence(request: IncomingMessage): void {
  const { socket } = request
  socket.setTimeout(SILENCE_MS)
  if (request.method !== 'GET') request.once('end', () => socket.setTimeout(INSPECTION_MS))
}

function unsized(): ParleyError {
  return new ParleyError('BAD_USER_INPUT', 'The length of the file is missing. Send Content-Length.')
}

function unversioned(): ParleyError {
  return new ParleyError('BAD_USER_INPUT', 'Send Tus-Resumable: 1.0.0, or the whole file with one PUT.')
}

function sendNotAllowed(response: ServerResponse, allowed: string): void {
  sendJson(
    response,
    405,
    { errors: [{ message: `Only ${allowed} work at this address.` }] },
    { Allow: allowed },
  )
}

/**
 * Reads the rest of the request's body, so that the client is not cut off before it has the answer. If that would take
 * long, the connection is closed instead.
 */
function sendError(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  error: ParleyError,
): void {
  const { message, extensions } = error
  const { retryAfterMs } = extensions
  const isLong = !(Number(request.headers['content-length'] ?? 0) <= MAX_IGNORED_BYTES)
  if (!isLong) request.resume()
  sendJson(
    response,
    status,
    { errors: [{ message, extensions }] },
    {
      ...(retryAfterMs === undefined ? {} : { 'Retry-After': String(Math.ceil(retryAfterMs / 1_000)) }),
      ...(isLong ? { Connection: 'close' } : {}),
    },
  )
}
