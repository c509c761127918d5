import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { Server } from '@tus/server'
import { badInput, ParleyError } from '../../errors.ts'
import { isAttachmentId, type AttachmentId } from '../../ids.ts'
import type { ResumableUploads } from '../../media/resumable-uploads.ts'
import { STATUS } from './status.ts'

/** Resumable uploads by tus 1.0. */
export type TusEndpoint = Readonly<{
  /** Handles POST, HEAD and PATCH at the address of an upload, whose signature was checked. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>
}>

/** The methods of tus. DELETE is not one: an upload that is not sent is deleted in time. */
export const TUS_METHODS: ReadonlySet<string> = new Set(['POST', 'HEAD', 'PATCH'])

/**
 * The upload exists before tus begins, so POST returns the address that it was sent to. If all bytes have arrived,
 * but the gateway died before it inspected them, HEAD completes the upload: a client that learns that nothing is left
 * to send would not ask again.
 */
export function createTusEndpoint(uploads: ResumableUploads): TusEndpoint {
  let server: Promise<Server> | undefined
  return {
    async handle(request, response) {
      await (await (server ??= createTusServer(uploads))).handle(request, response)
    },
  }
}

async function createTusServer(uploads: ResumableUploads): Promise<Server> {
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
      if (!(error instanceof ParleyError)) return undefined
      const { message, extensions } = error
      return {
        status_code: STATUS[error.code],
        body: JSON.stringify({ errors: [{ message, extensions }] }),
      }
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
