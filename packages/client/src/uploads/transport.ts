import { fromResponse, networkError, type ParleyError, type ResponseError, throwIfClosed } from '../errors.ts'

/** A request to the address of an upload. */
export type UploadRequest = Readonly<{
  method: 'PUT' | 'PATCH' | 'HEAD'
  url: string
  headers: Readonly<Record<string, string>>
  body?: Blob
  signal: AbortSignal
  /** Called with how many bytes of the body have left this device, if the transport knows. */
  onProgress(sentBytes: number): void
}>

export type UploadAnswer = Readonly<{ status: number; header(name: string): string | null; text: string }>

/** Sends one request. Rejects with a `NETWORK_ERROR` if there was no answer. */
export type Transport = Readonly<{
  send(request: UploadRequest): Promise<UploadAnswer>
  /** The most bytes of one request of a large file. */
  chunkBytes: number
}>

/** No byte has left for so long: the connection is lost, although nothing has told. */
const STALLED_MS = 30_000
/** All bytes are there, and the server inspects and stores the file. */
const ANSWER_WITHIN_MS = 200_000

/** As large as the parts in which the server stores an upload, so that a lost connection costs one of them. */
const XHR_CHUNK_BYTES = 4 * 1024 * 1024
/** `fetch` does not tell how far it is, so progress has the steps of chunks. */
const FETCH_CHUNK_BYTES = 1024 * 1024

/** With XMLHttpRequest, which reports progress. Node.js and workers without it use `fetch`. */
export function defaultTransport(fetch: typeof globalThis.fetch | undefined): Transport {
  const hasXhr = typeof (globalThis as Partial<typeof globalThis>).XMLHttpRequest === 'function'
  if (fetch === undefined && hasXhr) return { send: sendXhr, chunkBytes: XHR_CHUNK_BYTES }
  const used = fetch ?? globalThis.fetch
  return { send: (request) => sendFetch(used, request), chunkBytes: FETCH_CHUNK_BYTES }
}

function sendXhr({ method, url, headers, body, signal, onProgress }: UploadRequest): Promise<UploadAnswer> {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest()
    let timer: ReturnType<typeof setTimeout> | undefined
    const expect = (withinMs: number): void => {
      clearTimeout(timer)
      timer = setTimeout(abort, withinMs)
    }
    const abort = (): void => xhr.abort()
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
    }
    const fail = (): void => {
      end()
      reject(networkError('The upload was interrupted.'))
    }
    xhr.open(method, url)
    for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value)
    xhr.upload.addEventListener('progress', ({ loaded }) => {
      expect(STALLED_MS)
      onProgress(loaded)
    })
    xhr.upload.addEventListener('load', () => expect(ANSWER_WITHIN_MS))
    xhr.addEventListener('error', fail)
    xhr.addEventListener('abort', fail)
    xhr.addEventListener('load', () => {
      end()
      const header = (name: string): string | null => xhr.getResponseHeader(name)
      resolve({ status: xhr.status, header, text: xhr.responseText })
    })
    signal.addEventListener('abort', abort)
    expect(STALLED_MS)
    xhr.send(body ?? null)
  })
}

async function sendFetch(
  fetch: typeof globalThis.fetch,
  { method, url, headers, body, signal }: UploadRequest,
): Promise<UploadAnswer> {
  throwIfClosed(signal)
  const stop = new AbortController()
  const abort = (): void => stop.abort()
  const timer = setTimeout(abort, ANSWER_WITHIN_MS)
  signal.addEventListener('abort', abort)
  try {
    const response = await fetch(url, {
      method,
      headers: { ...headers },
      signal: stop.signal,
      ...(body && { body }),
    })
    const text = await response.text()
    return { status: response.status, header: (name) => response.headers.get(name), text }
  } catch (error) {
    throw networkError(error)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  }
}

/** The error of an answer that is none of 2xx. Without the server's own words, the same request may succeed later. */
export function errorOf({ status, text }: UploadAnswer): ParleyError {
  try {
    const { errors } = JSON.parse(text) as { errors: readonly ResponseError[] }
    return fromResponse(errors)
  } catch {
    return networkError(status)
  }
}
