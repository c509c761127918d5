import type { Chats } from '../chats/chats.ts'
import type { ChatLog } from '../chats/chat-log.ts'
import type { Notifications } from '../chats/chat-notifications.ts'
import type { ChatUpdater } from '../chats/update-chat.ts'
import type { ChatStreams } from '../delivery/chat-stream.ts'
import type { Inbox } from '../delivery/inbox.ts'
import type { CreateGroup } from '../groups/create-group.ts'
import type { PushTargets } from '../followers/push/push-targets.ts'
import type { Groups } from '../groups/groups.ts'
import type { OperationAdmission } from '../overload/operation-admission.ts'
import type { ServiceLevels } from '../overload/service-levels.ts'
import type { Attachments } from '../media/attachments.ts'
import type { MediaLinks } from '../media/media-links.ts'
import type { Uploads } from '../media/uploads.ts'
import type { MessageChanger } from '../messages/change-message.ts'
import type { Messages } from '../messages/messages.ts'
import type { MessageSender } from '../messages/send-message.ts'
import type { PresenceService } from '../presence/presence.ts'
import type { Receipts } from '../receipts/receipts.ts'
import type { Typing } from '../gateway/typing.ts'
import type { Users } from '../users/users.ts'
import type { ServerInfo } from './server-info.ts'

/** The services that resolvers may call. */
export type Services = Readonly<{
  users: Users
  chats: Chats
  chatLog: ChatLog
  chatUpdater: ChatUpdater
  notifications: Notifications
  pushTargets: PushTargets
  createGroup: CreateGroup
  groups: Groups
  messages: Messages
  messageSender: MessageSender
  messageChanger: MessageChanger
  attachments: Attachments
  mediaLinks: MediaLinks
  /** Undefined if uploads are off. */
  uploads: Uploads | undefined
  receipts: Receipts
  typing: Typing
  presence: PresenceService
  inbox: Inbox
  chatStreams: ChatStreams
  levels: ServiceLevels
  operationAdmission: OperationAdmission
  serverInfo: ServerInfo
}>
