import { ParleyError } from '../errors.ts'
import { errorOf, type Transport, type UploadAnswer, type UploadRequest } from './transport.ts'

/** A file on its way to the address of its upload. */
export type FileToSend = Readonly<{
  url: string
  bytes: Blob
  /** Whether nothing was sent to this address yet. Otherwise the server is asked how much has arrived. */
  isFresh: boolean
  signal: AbortSignal
  /** Called with how many bytes of the file have been sent. */
  onProgress(sentBytes: number): void
}>

/** A file up to this size goes in one request, which costs less than to ask how much of it has arrived. */
const SMALL_BYTES = 1024 * 1024

const TUS = { 'Tus-Resumable': '1.0.0' }
const TUS_CHUNK = { ...TUS, 'Content-Type': 'application/offset+octet-stream' }

/**
 * Sends the bytes of a file: a small one by a plain PUT, a larger one by the core of tus 1.0. Its upload exists before
 * the first byte, and storage remembers its address. So of tus, HEAD and PATCH are all that is left.
 *
 * Rejects with a `ParleyError`. A retryable one says that another call goes on from where this one ended.
 */
export async function sendFile(file: FileToSend, transport: Transport): Promise<void> {
  const { bytes } = file
  if (bytes.size <= SMALL_BYTES) {
    const headers = { 'Content-Type': 'application/octet-stream' }
    await ask(file, transport, { method: 'PUT', headers, body: bytes })
    return file.onProgress(bytes.size)
  }
  let offset = file.isFresh ? 0 : await received(file, transport)
  file.onProgress(offset)
  while (offset < bytes.size) {
    const body = bytes.slice(offset, offset + transport.chunkBytes)
    const headers = { ...TUS_CHUNK, 'Upload-Offset': String(offset) }
    const answer = await ask(file, transport, { method: 'PATCH', headers, body }, offset)
    offset = offsetIn(answer, offset + body.size)
    file.onProgress(offset)
  }
}

/** If all bytes have arrived, the server completes the upload before it answers. */
async function received(file: FileToSend, transport: Transport): Promise<number> {
  return offsetIn(await ask(file, transport, { method: 'HEAD', headers: TUS }), 0)
}

/** A server of another origin may not show the header. Then the request has done what it should. */
function offsetIn(answer: UploadAnswer, otherwise: number): number {
  return Number(answer.header('Upload-Offset') ?? otherwise)
}

async function ask(
  { url, signal, onProgress }: FileToSend,
  transport: Transport,
  request: Pick<UploadRequest, 'method' | 'headers'> & Readonly<{ body?: Blob }>,
  offset = 0,
): Promise<UploadAnswer> {
  const answer = await transport.send({
    ...request,
    url,
    signal,
    onProgress: (sentBytes) => onProgress(offset + sentBytes),
  })
  if (answer.status >= 200 && answer.status < 300) return answer
  // Another request has continued this upload, such as one that a lost connection has left behind.
  if (answer.status === 409) throw new ParleyError('CONFLICT', 'The upload moved on.', { isRetryable: true })
  // HEAD has no body: what is gone, or too late, is told by the status alone.
  if (answer.status === 404 || answer.status === 410) throw new ParleyError('NOT_FOUND', 'No such upload.')
  throw errorOf(answer)
}
