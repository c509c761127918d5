import type { IncomingMessage, ServerResponse } from 'node:http'
import { free } from '../../media/chunk-memory.ts'
import type { Download } from '../../media/downloads.ts'
import type { ByteRange } from '../../media/storage.ts'

/**
 * Nothing in a file may run, whatever it is. Pages of other origins may show it: the address is the permission. A
 * browser asks again each time, so that a former member or the reader of a deleted message gets nothing, and has to
 * load the bytes only once.
 */
const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; media-src 'self'; img-src 'self'; style-src 'unsafe-inline'; sandbox",
  'Cross-Origin-Resource-Policy': 'cross-origin',
  'Cache-Control': 'private, no-cache',
  'Accept-Ranges': 'bytes',
} as const

/** Sends a file, a part of it, or where the storage serves it. Rejects if the storage fails. */
export async function sendDownload(
  request: IncomingMessage,
  response: ServerResponse,
  download: Download,
): Promise<void> {
  const { etag, byteSize, contentType, disposition } = download
  const { method, headers } = request
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
  response.setHeader('ETag', etag)
  if (isKnown(headers['if-none-match'], etag)) {
    response.writeHead(304).end()
    return
  }
  // The address of a storage is signed for GET alone.
  const url = method === 'HEAD' ? undefined : await download.directUrl()
  if (url !== undefined) {
    response.writeHead(302, { Location: url, 'Cache-Control': 'no-store' }).end()
    return
  }
  response.setHeader('Content-Type', contentType)
  response.setHeader('Content-Disposition', disposition)
  const isSameFile = headers['if-range'] === undefined || headers['if-range'] === etag
  const range = isSameFile ? rangeIn(headers.range, byteSize) : undefined
  if (range === 'unsatisfiable') {
    response.writeHead(416, { 'Content-Range': `bytes */${byteSize}` }).end()
    return
  }
  // Before the headers: a file that cannot be read is answered with an error.
  const bytes = method === 'HEAD' ? undefined : await download.read(range)
  const { first, last } = range ?? { first: 0, last: byteSize - 1 }
  if (range !== undefined) response.setHeader('Content-Range', `bytes ${first}-${last}/${byteSize}`)
  response.writeHead(range === undefined ? 200 : 206, { 'Content-Length': last - first + 1 })
  if (bytes !== undefined) await sendChunks(response, bytes)
  response.end()
}

/** Sends chunks, each when the one before has left this process. They must not be used afterwards. */
async function sendChunks(response: ServerResponse, chunks: AsyncIterable<Buffer>): Promise<void> {
  for await (const chunk of chunks) {
    await new Promise<void>((resolve, reject) => {
      response.write(chunk, (error) => (error ? reject(error) : resolve()))
    })
    free(chunk)
  }
}

function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = ifNoneMatch?.split(',').map((tag) => tag.trim().replace(/^W\//, '')) ?? []
  return tags.includes(etag) || tags.includes('*')
}

/**
 * Reads a Range header (RFC 9110). Undefined means the whole file: for other units, several ranges and mistakes, a
 * server may ignore the header. Several ranges would let a short request cost many reads.
 */
export function rangeIn(
  header: string | undefined,
  byteSize: number,
): ByteRange | 'unsatisfiable' | undefined {
  const [, from = '', to = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? []
  if (from === '' && to === '') return undefined
  if (from === '') {
    return Number(to) === 0
      ? 'unsatisfiable'
      : { first: Math.max(0, byteSize - Number(to)), last: byteSize - 1 }
  }
  const first = Number(from)
  const last = to === '' ? byteSize - 1 : Math.min(Number(to), byteSize - 1)
  if (to !== '' && Number(to) < first) return undefined
  return first < byteSize ? { first, last } : 'unsatisfiable'
}
