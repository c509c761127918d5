import { expect } from 'vitest'
import { networkError, ParleyError } from '../../src/errors.ts'
import type { Request } from '../../src/graphql/http.ts'
import type { Transport, UploadAnswer, UploadRequest } from '../../src/uploads/transport.ts'

type Announced = Readonly<{ fileName: string; contentType: string; byteSize: number }>
type Upload = { readonly announced: Announced; readonly url: string; bytes: Uint8Array; isComplete: boolean }
type SentMessage = Readonly<{ clientMessageId: string; body?: string; attachmentIds?: readonly string[] }>

const TOMORROW = '2999-01-01T00:00:00.000Z'
export const MEBIBYTE = 1024 * 1024

/** A server that takes files, by the same rules as a real one. The test decides what fails. */
export function createUploadServer() {
  const uploads = new Map<string, Upload>()
  const messages: SentMessage[] = []
  const requests: string[] = []
  /** Before a request: throws, or waits. */
  let beforeBytes = async (_request: UploadRequest): Promise<void> => undefined
  let onCreate = (_announced: Announced): void => undefined
  let features = ['uploads']
  let loseAnswers = 0

  const handlers: Readonly<Record<string, (variables: never) => unknown>> = {
    UploadLimits: () => ({ serverInfo: { features, limits: { maxUploadBytes: 8 * MEBIBYTE } } }),
    createUpload({ input }: { input: Announced }) {
      onCreate(input)
      const id = `attachment_${uploads.size + 1}`
      uploads.set(id, { announced: input, url: `/upload/${id}`, bytes: new Uint8Array(), isComplete: false })
      return { createUpload: { attachment: { id }, uploadUrl: `/upload/${id}`, uploadExpiresAt: TOMORROW } }
    },
    FindUploads: ({ ids }: { ids: readonly string[] }) => ({
      nodes: ids.map((id) => (uploads.has(id) ? { id } : null)),
    }),
    sendMessage({ input }: { input: SentMessage }) {
      const isComplete = (id: string): boolean => uploads.get(id)?.isComplete === true
      if (input.attachmentIds?.every(isComplete) === false)
        throw new ParleyError('BAD_USER_INPUT', 'An attachment is not uploaded.')
      if (!messages.some(({ clientMessageId }) => clientMessageId === input.clientMessageId))
        messages.push(input)
      if (loseAnswers > 0) {
        loseAnswers -= 1
        throw networkError('lost')
      }
      const seq = messages.findIndex(({ clientMessageId }) => clientMessageId === input.clientMessageId) + 1
      return { sendMessage: { message: { id: `message_${seq}`, seq, sentAt: '2026-11-30T12:00:00.000Z' } } }
    },
  }

  const request = async (document: string, variables: object = {}): Promise<unknown> => {
    const name = /(?:query|mutation) (\w+)/.exec(document)?.[1] ?? ''
    requests.push(name)
    return handlers[name]?.(variables as never)
  }

  async function send(sent: UploadRequest): Promise<UploadAnswer> {
    const { method, url, headers, body, signal, onProgress } = sent
    const offset = Number(headers['Upload-Offset'] ?? 0)
    requests.push(method === 'PATCH' ? `PATCH ${offset}` : method)
    const cut = new Promise<never>((_, reject) =>
      signal.addEventListener('abort', () => reject(networkError('cut'))),
    )
    await Promise.race([beforeBytes(sent), cut])
    const upload = [...uploads.values()].find((one) => one.url === url)
    const answer = (status: number, received = 0): UploadAnswer => ({
      status,
      text: '',
      header: (name) => (name === 'Upload-Offset' ? String(received) : null),
    })
    if (upload === undefined) return answer(404)
    if (method === 'HEAD') return answer(200, upload.bytes.length)
    if (method === 'PATCH' && offset !== upload.bytes.length) return answer(409)
    const added = new Uint8Array((await body?.arrayBuffer()) ?? new ArrayBuffer())
    const before = method === 'PUT' ? new Uint8Array() : upload.bytes
    upload.bytes = new Uint8Array([...before, ...added])
    upload.isComplete = upload.bytes.length === upload.announced.byteSize
    onProgress(added.length)
    return answer(204, upload.bytes.length)
  }

  return {
    request: request as Request,
    transport: { send, chunkBytes: MEBIBYTE } satisfies Transport,
    uploads,
    messages,
    /** The names of operations, and the requests to addresses of uploads. */
    requests,
    beforeBytes: (next: typeof beforeBytes) => void (beforeBytes = next),
    onCreate: (next: typeof onCreate) => void (onCreate = next),
    setFeatures: (next: string[]) => void (features = next),
    loseAnswer: () => void (loseAnswers += 1),
    async expectSent(count: number): Promise<void> {
      await expect.poll(() => messages.length).toBe(count)
    },
  }
}

export type UploadServer = ReturnType<typeof createUploadServer>
