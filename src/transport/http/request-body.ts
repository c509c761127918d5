import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, type ZlibOptions } from 'node:zlib'
import { GraphQLError } from 'graphql'

/** The largest body, in bytes: as it is sent, and as it is after decompression. */
export const MAX_BODY_BYTES = 256 * 1024

type Decompress = (bytes: Uint8Array, options: ZlibOptions) => Promise<Uint8Array>

const GUNZIP: Decompress = promisify(gunzip)
const DECOMPRESS = new Map<string, Decompress>([
  ['gzip', GUNZIP],
  ['x-gzip', GUNZIP],
  ['deflate', promisify(inflate)],
  ['br', promisify(brotliDecompress)],
])

/**
 * Reads the text of a body, which may be compressed. Decompression stops at the limit, so that a bomb costs no more
 * than the largest body that is allowed. It runs outside of the event loop.
 */
export async function textOfBody(request: Request): Promise<string> {
  const encoding = request.headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity'
  const decompress = DECOMPRESS.get(encoding)
  if (decompress === undefined && encoding !== 'identity') throw unknownEncoding()
  if (decompress === undefined) return withoutMark(await complete(request.text()))
  const bytes = new Uint8Array(await complete(request.arrayBuffer()))
  return withoutMark(await decompressed(bytes, decompress, encoding))
}

async function decompressed(bytes: Uint8Array, decompress: Decompress, encoding: string): Promise<string> {
  try {
    return Buffer.from(await decompress(bytes, { maxOutputLength: MAX_BODY_BYTES })).toString()
  } catch (error) {
    if (isTooLarge(error)) throw badRequest(413, 'The body is larger than 256 KiB. Send less at once.')
    throw badRequest(400, `The body is not valid ${encoding}. Send it again, or uncompressed.`)
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
}

/** A client that disconnects early or is too slow is not an internal error. */
async function complete<Body>(body: Promise<Body>): Promise<Body> {
  try {
    return await body
  } catch (error) {
    throw error instanceof GraphQLError
      ? error
      : badRequest(400, 'The body ended too early. Send the request again.')
  }
}

/** Some editors and libraries put a byte order mark before a text. JSON.parse rejects it. */
function withoutMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text
}

function unknownEncoding(): GraphQLError {
  return badRequest(
    415,
    'The body has an unknown Content-Encoding. Send it as gzip, deflate or br, or uncompressed.',
    { 'Accept-Encoding': 'gzip, deflate, br' },
  )
}

/** Creates an error about the request as a whole. */
export function badRequest(
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): GraphQLError {
  return new GraphQLError(message, { extensions: { http: { status, headers } } })
}
