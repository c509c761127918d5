import type { Attachment } from '../api.ts'
import { ParleyError } from '../errors.ts'
import type { Request } from '../graphql/http.ts'
import type { UploadState } from './stored-files.ts'
import { CREATE_UPLOAD, FIND_UPLOADS, UPLOAD_LIMITS } from './upload-documents.ts'

type LimitsData = Readonly<{
  serverInfo: Readonly<{ features: readonly string[]; limits: Readonly<{ maxUploadBytes: number }> }>
}>
type CreateData = Readonly<{
  createUpload: Readonly<{ attachment: Readonly<{ id: string }>; uploadUrl: string; uploadExpiresAt: string }>
}>
type FindData = Readonly<{ nodes: readonly (Readonly<{ id: string }> | null)[] }>

/** Announces files to the server. */
export type Announcements = Readonly<{
  /**
   * Errors:
   * - FORBIDDEN – uploads are switched off
   * - FILE_TOO_LARGE – larger than this server takes
   * - FILE_TYPE_NOT_ALLOWED – not of the types that this server takes
   * - RATE_LIMITED – the user has uploaded too much today
   * - SERVICE_DEGRADED – uploads are paused
   */
  create(file: Attachment): Promise<UploadState>
  /** Returns those of the ids that the server still has. */
  find(ids: readonly string[]): Promise<ReadonlySet<string>>
}>

export function createAnnouncements(request: Request): Announcements {
  let limits: LimitsData['serverInfo'] | undefined

  async function check({ byteSize, fileName }: Attachment): Promise<void> {
    limits ??= (await request<LimitsData>(UPLOAD_LIMITS)).serverInfo
    const { maxUploadBytes } = limits.limits
    if (!limits.features.includes('uploads'))
      throw new ParleyError('FORBIDDEN', 'This server takes no files.')
    if (byteSize > maxUploadBytes)
      throw new ParleyError('FILE_TOO_LARGE', `${fileName} is larger than ${megabytes(maxUploadBytes)}.`)
  }

  return {
    async create(file) {
      await check(file)
      const { fileName, altText, contentType, byteSize } = file
      const input = { fileName, altText, contentType, byteSize }
      const { createUpload } = await request<CreateData>(CREATE_UPLOAD, { input }).catch((error: unknown) => {
        throw explained(error, file)
      })
      const { attachment, uploadUrl: url, uploadExpiresAt: expiresAt } = createUpload
      return { attachmentId: attachment.id, url, expiresAt, isDone: false }
    },
    async find(ids) {
      const { nodes } = await request<FindData>(FIND_UPLOADS, { ids })
      return new Set(nodes.flatMap((node) => (node === null ? [] : [node.id])))
    },
  }
}

/** The server's schema has no code of its own for a type that it does not take. */
function explained(error: unknown, { fileName, contentType }: Attachment): unknown {
  const { code, message } = error as ParleyError
  return code === 'BAD_USER_INPUT' && message.includes('contentType')
    ? new ParleyError(
        'FILE_TYPE_NOT_ALLOWED',
        `${fileName}: files of the type ${contentType} are not allowed.`,
      )
    : error
}

/**
 * Whether an error of an upload is for the person to decide about. The others are retried without a word. A pause of
 * all uploads may last, and messages without files should not wait for its end.
 */
export function isDefinite({ code, isRetryable, retryAfterMs = 0 }: ParleyError): boolean {
  return code === 'SERVICE_DEGRADED' || !isRetryable || (code === 'RATE_LIMITED' && retryAfterMs > LONG_MS)
}

/** A longer wait is the limit of a day, not one of a burst, in milliseconds. */
const LONG_MS = 60_000

function megabytes(bytes: number): string {
  const size = bytes / 1024 / 1024
  return `${size >= 10 || Number.isInteger(size) ? Math.floor(size) : size.toFixed(1)} MB`
}
