import { MAX_ATTACHMENTS, MAX_BODY_LENGTH } from '../messages/message-input.ts'
import type { PushProviderName } from '../followers/push/push-target.ts'
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

/** Which providers bring push messages, and the public key with which browsers subscribe. */
export type ServerPush = Readonly<{ providers: readonly PushProviderName[]; webPushKey: string | null }>

/** Version, features and limits of this gateway. They do not change while it runs. */
export type ServerInfo = Readonly<{
  version: string
  features: readonly string[]
  limits: ServerLimits
  push: ServerPush
}>

type Options = Readonly<{
  version: string
  maxGroupMembers: number
  maxMessageFrameBytes: number
  /** Undefined if uploads are off. */
  maxUploadBytes: number | undefined
  push: ServerPush
}>

export function createServerInfo({ version, maxUploadBytes, push, ...limits }: Options): ServerInfo {
  const hasUploads = maxUploadBytes !== undefined
  return {
    version,
    push,
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
