import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { Server } from '@tus/server'
import { badInput, ParleyError, unavailable } from '../../errors.ts'
import { isAttachmentId, type AttachmentId } from '../../ids.ts'
import type { ResumableUploads } from '../../media/resumable-uploads.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { STATUS } from './status.ts'

/** Resumable uploads by tus 1.0. */
export type TusEndpoint = Readonly<{
  /**
   * Handles POST, HEAD and PATCH at the address of an upload, whose signature was checked.
   *
   * Errors: BAD_USER_INPUT – a header is missing or wrong.
   */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>
}>

/** The methods of tus. DELETE is not one: an upload that is not sent is deleted in time. */
export const TUS_METHODS: ReadonlySet<string> = new Set(['POST', 'HEAD', 'PATCH'])

/**
 * The upload exists before tus begins, so POST returns the address that it was sent to. If all bytes have arrived,
 * but the gateway died before it inspected them, HEAD completes the upload: a client that learns that nothing is left
 * to send would not ask again.
 */
export function createTusEndpoint(uploads: ResumableUploads, logger: Logger): TusEndpoint {
  let server: Promise<Server> | undefined
  return {
    async handle(request, response) {
      checkHeaders(request)
      await (await (server ??= createTusServer(uploads, logger))).handle(request, response)
    },
  }
}

/** The library rejects these requests too, but not as errors of this API. */
function checkHeaders({ method, headers }: IncomingMessage): void {
  if (method !== 'PATCH') return
  if (headers['content-type'] !== PART_TYPE) throw badInput(`Content-Type must be ${PART_TYPE}`)
  if (!/^\d{1,15}$/.test(String(headers['upload-offset'])))
    throw badInput('Upload-Offset must be how many bytes have arrived. Ask for it by HEAD.')
}

const PART_TYPE = 'application/offset+octet-stream'

/** An error of the library. */
type TusError = Readonly<{ status_code: number; body: string }>

/** Keeps the status of an error of the library, which clients of tus know. */
function knownError(error: Error | TusError): Readonly<{ status: number; known: ParleyError }> {
  if (error instanceof ParleyError) return { status: STATUS[error.code], known: error }
  if (error instanceof Error || error.status_code === 500) {
    const known = unavailable('The file could not be stored. Ask for its offset, and go on.', error)
    return { status: STATUS[known.code], known }
  }
  const { status_code: status, body } = error
  // Status 400 would tell a client that it cannot go on.
  if (body.startsWith('Request aborted'))
    return { status: STATUS.CONFLICT, known: conflict('Another request continues this upload.') }
  if (status === STATUS.CONFLICT)
    return { status, known: conflict('Upload-Offset is not how many bytes have arrived.') }
  return { status, known: badInput(body.trim()) }
}

function conflict(problem: string): ParleyError {
  return new ParleyError('CONFLICT', `${problem} Ask for its offset by HEAD, and go on.`)
}

async function createTusServer(uploads: ResumableUploads, logger: Logger): Promise<Server> {
  const { DataStore, MemoryLocker, Server: TusServer, Upload } = await import('@tus/server')

  class Store extends DataStore {
    override extensions = ['creation', 'creation-with-upload']

    override async create(upload: InstanceType<typeof Upload>): Promise<InstanceType<typeof Upload>> {
      const { byteSize } = await uploads.progress(idOf(upload.id))
      if (upload.size !== byteSize) throw badInput(`Upload-Length must be ${byteSize}, as was announced`)
      return upload
    }

    override async getUpload(id: string): Promise<InstanceType<typeof Upload>> {
      const { byteSize: size, received: offset } = await uploads.progress(idOf(id))
      return new Upload({ id, size, offset })
    }

    override async write(bytes: Readable, id: string, offset: number): Promise<number> {
      return uploads.append(idOf(id), bytes, offset)
    }
  }

  return new TusServer({
    path: '/media/upload',
    datastore: new Store(),
    // For requests of this gateway: a new one cancels the one that a lost connection has left behind.
    locker: new MemoryLocker(),
    namingFunction: ({ url }) => idIn(url),
    getFileIdFromRequest: ({ url }) => idIn(url),
    generateUrl: ({ url }) => pathOf(url),
    allowedOrigins: () => false,
    async onIncomingRequest({ method }, id) {
      if (method === 'HEAD') await uploads.finish(idOf(id))
    },
    async onUploadFinish(_, { id }) {
      await uploads.finish(idOf(id))
      return {}
    },
    onResponseError(_, error) {
      const { status, known } = knownError(error)
      const { code, message, extensions } = known
      if (code === 'UNAVAILABLE')
        logger.warn({ err: known.cause ?? known }, 'a file could not be stored or served')
      return { status_code: status, body: JSON.stringify({ errors: [{ message, extensions }] }) }
    },
  })
}

function pathOf(url: string): string {
  const { pathname, search } = new URL(url)
  return pathname + search
}

function idIn(url: string): string {
  return new URL(url).pathname.split('/').at(-1) ?? ''
}

function idOf(id: string): AttachmentId {
  if (!isAttachmentId(id)) throw new Error('tus passed on an invalid id')
  return id
}
