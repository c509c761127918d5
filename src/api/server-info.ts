import { MAX_ATTACHMENTS, MAX_BODY_LENGTH } from '../messages/message-input.ts'
import { MAX_PAGE } from './connections.ts'

/** Limits that a client can check before it sends an operation. */
export type ServerLimits = Readonly<{
  maxBodyLength: number
  maxGroupMembers: number
  maxUploadBytes: number
  maxAttachmentsPerMessage: number
  maxPageSize: number
  maxMessageFrameBytes: number
}>

/** Version, features and limits of this gateway. They do not change while it runs. */
export type ServerInfo = Readonly<{ version: string; features: readonly string[]; limits: ServerLimits }>

type Options = Readonly<{
  version: string
  maxGroupMembers: number
  maxMessageFrameBytes: number
  /** Undefined if uploads are off. */
  maxUploadBytes: number | undefined
}>

export function createServerInfo({ version, maxUploadBytes, ...limits }: Options): ServerInfo {
  const hasUploads = maxUploadBytes !== undefined
  return {
    version,
    features: hasUploads ? ['uploads'] : [],
    limits: {
      maxBodyLength: MAX_BODY_LENGTH,
      maxUploadBytes: maxUploadBytes ?? 0,
      maxAttachmentsPerMessage: hasUploads ? MAX_ATTACHMENTS : 0,
      maxPageSize: MAX_PAGE,
      ...limits,
    },
  }
}
