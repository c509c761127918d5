import type { ChatSummary, Message, MessageStatus, User } from '@parley/client'
import { labelOf } from '../files/labels.ts'
import type { IconName } from '../ui/icon.tsx'

/** The second line of a chat in the list. */
export type Preview = Readonly<{
  kind: 'typing' | 'draft' | 'message' | 'failed' | 'empty'
  /** The author, or what kind of text it is, if it has to be said. */
  author: string | undefined
  text: string
  /** For the kind of the files of the message. */
  icon?: IconName | undefined
  /** How far the viewer's own message has come. */
  status: MessageStatus | undefined
}>

/** Says what happened last in a chat. */
export function previewOf(chat: ChatSummary, viewerId: string | undefined, draft: string): Preview {
  const plain = { author: undefined, status: undefined }
  if (chat.typing.length > 0) return { ...plain, kind: 'typing', text: typingText(chat) }
  if (draft.trim() !== '') return { ...plain, kind: 'draft', author: 'Draft', text: draft }
  const message = newestOf(chat)
  if (message === null) {
    return { ...plain, kind: 'empty', text: chat.isMember ? 'No messages yet' : 'You left this group' }
  }
  const text = bodyText(message)
  const { status, sender } = message
  const icon = labelOf(message)?.icon
  if (status === 'failed') return { kind: 'failed', author: 'Not sent', text, icon, status }
  if (sender.id === viewerId) {
    return { ...plain, kind: 'message', text, icon, status: isGone(message) ? undefined : status }
  }
  const hasAuthor = chat.kind === 'GROUP' && message.kind === 'USER'
  return { ...plain, kind: 'message', author: hasAuthor ? sender.name : undefined, text, icon }
}

/**
 * A message on its way comes after all others, as in the chat itself. One that was refused stays for as long as the
 * person keeps it, so newer messages are shown before it.
 */
function newestOf({ lastMessage, newestUnsent }: ChatSummary): Message | null {
  if (newestUnsent === null || lastMessage === null) return newestUnsent ?? lastMessage
  if (newestUnsent.status !== 'failed') return newestUnsent
  return newestUnsent.sentAt > lastMessage.sentAt ? newestUnsent : lastMessage
}

/** Whether a message has neither a body nor files any more, or not for the viewer. */
export function isGone({ body, attachments }: Message): boolean {
  return body === null && attachments.length === 0
}

/** The body of a message, what its files are, or why it has neither. */
export function bodyText(message: Message): string {
  const { body, deletedAt, expiresAt } = message
  if (body !== null) return body
  const label = labelOf(message)
  if (label !== undefined) return label.text
  if (deletedAt !== null) return 'Message deleted'
  return expiresAt === null ? 'Sent before you joined' : 'Message expired'
}

/** "typing…", "Bob is typing…" or "Bob and Carol are typing…". */
export function typingText({ kind, typing }: Readonly<{ kind: string; typing: readonly User[] }>): string {
  const [first, second] = typing.map(({ name }) => name.split(' ')[0])
  if (kind === 'DIRECT' || first === undefined) return 'typing…'
  if (typing.length > 2) return `${typing.length} people are typing…`
  return second === undefined ? `${first} is typing…` : `${first} and ${second} are typing…`
}
