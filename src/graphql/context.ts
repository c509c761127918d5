import type { Session } from '../auth/session.ts'
import type { ChatView } from '../chats/chat.ts'
import type { Chats } from '../chats/chats.ts'
import type { ChatLog } from '../chats/chat-log.ts'
import type { ChatUpdater } from '../chats/update-chat.ts'
import type { ChatStreams } from '../delivery/chat-stream.ts'
import type { Inbox } from '../delivery/inbox.ts'
import { ParleyError } from '../errors.ts'
import type { CreateGroup } from '../groups/create-group.ts'
import type { Groups } from '../groups/groups.ts'
import type { ChatId } from '../ids.ts'
import type { Clock } from '../lib/clock.ts'
import type { Gate } from '../load/gate.ts'
import type { ServiceLevels } from '../load/service-levels.ts'
import type { MessageChanger } from '../messages/change-message.ts'
import type { Messages } from '../messages/messages.ts'
import type { MessageSender } from '../messages/send-message.ts'
import type { PresenceService } from '../presence/presence.ts'
import type { Receipts } from '../receipts/receipts.ts'
import type { Typing } from '../typing/typing.ts'
import type { Users } from '../users/users.ts'
import type { Loaders } from './loaders.ts'

/** What resolvers may ask of the rest of the house. */
export type Services = Readonly<{
  users: Users
  chats: Chats
  chatLog: ChatLog
  chatUpdater: ChatUpdater
  createGroup: CreateGroup
  groups: Groups
  messages: Messages
  messageSender: MessageSender
  messageChanger: MessageChanger
  receipts: Receipts
  typing: Typing
  presence: PresenceService
  inbox: Inbox
  chatStreams: ChatStreams
  levels: ServiceLevels
  gate: Gate
}>

/** What every resolver gets. */
export type Context = Readonly<{
  services: Services
  loaders: Loaders
  clock: Clock
  /** Who the operation runs for; undefined where it came without a token. */
  session: Session | undefined
  /** Ends the connection that the operation came by, so that its client comes back; undefined for plain HTTP. */
  disconnectSlowReader: (() => void) | undefined
}>

/** The session's person, or UNAUTHENTICATED. */
export function requireViewer({ session }: Context): Session['viewer'] {
  return requireSession(session).viewer
}

/** The session, or UNAUTHENTICATED. */
export function requireSession(session: Session | undefined): Session {
  if (session !== undefined) return session
  throw new ParleyError(
    'UNAUTHENTICATED',
    'Sign in first: send a token as "Authorization: Bearer …", or as connectionParams.authorization',
  )
}

/** The chat as the viewer sees it; NOT_FOUND for one that they no longer do. */
export async function viewOf(
  chat: Readonly<{ id: ChatId; view?: ChatView }>,
  { loaders }: Context,
): Promise<ChatView> {
  return chat.view ?? loaders.chatView.load(chat.id)
}
