import { MAX_BODY_LENGTH } from '../messages/message-input.ts'
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

type Options = Readonly<{ version: string; maxGroupMembers: number; maxMessageFrameBytes: number }>

/** The server has no uploads yet, so it accepts none, and no attachment on a message. */
export function createServerInfo({ version, ...limits }: Options): ServerInfo {
  return {
    version,
    features: [],
    limits: {
      maxBodyLength: MAX_BODY_LENGTH,
      maxUploadBytes: 0,
      maxAttachmentsPerMessage: 0,
      maxPageSize: MAX_PAGE,
      ...limits,
    },
  }
}
