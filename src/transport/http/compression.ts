import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { Plugin } from 'graphql-yoga'

/** Smaller responses fit into one packet anyway. */
const MIN_BYTES = 1_024
/**
 * Compression runs on the threads of Node.js, four by default, which also read files and check signatures. Beyond this
 * many at once, responses are sent uncompressed instead of waiting.
 */
const MAX_CONCURRENT = 2

type Compress = (bytes: Uint8Array) => Promise<Uint8Array>

const [brotli, zip] = [promisify(brotliCompress), promisify(gzip)]

/** In the order of preference. Fast levels: the better ones take ten times as long to save a few per cent more. */
const ENCODINGS: readonly (readonly [name: string, compress: Compress])[] = [
  ['br', (bytes) => brotli(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } })],
  ['gzip', (bytes) => zip(bytes, { level: 5 })],
]

/**
 * Compresses JSON responses with brotli or gzip. Streams are never compressed, because a compressor keeps back an event
 * until more follows. The request handler sets `Vary`.
 *
 * BREACH: an attacker who adds text to responses and sees their compressed length can guess a secret in them. It needs
 * requests in the name of the victim. A page of another origin cannot send those, because tokens are not cookies, and
 * no response contains a token.
 */
export function useCompression(): Plugin {
  let running = 0
  return {
    async onResponse(outcome) {
      const { request, response, fetchAPI } = outcome
      if (!isLargeJson(response) || running >= MAX_CONCURRENT) return
      const encoding = encodingFor(request.headers.get('accept-encoding'))
      if (encoding === undefined) return
      running += 1
      try {
        const [name, compress] = encoding
        const bytes = await compress(new Uint8Array(await response.arrayBuffer()))
        const headers = new fetchAPI.Headers(response.headers)
        headers.set('content-encoding', name)
        headers.set('content-length', `${bytes.byteLength}`)
        outcome.setResponse(
          new fetchAPI.Response(bytes as Uint8Array<ArrayBuffer>, { status: response.status, headers }),
        )
      } finally {
        running -= 1
      }
    },
  }
}

function isLargeJson({ headers }: Response): boolean {
  return (
    /^application\/(json|graphql-response\+json)\b/.test(headers.get('content-type') ?? '') &&
    Number(headers.get('content-length') ?? 0) >= MIN_BYTES
  )
}

/** Returns the encoding with the highest weight, or undefined if the client accepts none. */
export function encodingFor(acceptEncoding: string | null): (typeof ENCODINGS)[number] | undefined {
  const weights = new Map((acceptEncoding ?? '').split(',').map(weightOf))
  const weightFor = (name: string): number => weights.get(name) ?? weights.get('*') ?? 0
  const best = ENCODINGS.toSorted(([a], [b]) => weightFor(b) - weightFor(a))[0]
  return best !== undefined && weightFor(best[0]) > 0 ? best : undefined
}

function weightOf(text: string): readonly [name: string, weight: number] {
  const [name = '', ...parameters] = text.split(';').map((piece) => piece.trim().toLowerCase())
  const weight = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1)
  return [name, Number.isNaN(weight) ? 0 : weight]
}
