import type { ChatSummary, Message, MessageStatus, User } from '@parley/client'

/** The second line of a chat in the list. */
export type Preview = Readonly<{
  kind: 'typing' | 'draft' | 'message' | 'failed' | 'empty'
  /** The author, or what kind of text it is, if it has to be said. */
  author: string | undefined
  text: string
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
  if (status === 'failed') return { kind: 'failed', author: 'Not sent', text, status }
  if (sender.id === viewerId) {
    return { ...plain, kind: 'message', text, status: message.body === null ? undefined : status }
  }
  const hasAuthor = chat.kind === 'GROUP' && message.kind === 'USER'
  return { ...plain, kind: 'message', author: hasAuthor ? sender.name : undefined, text }
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

/** The body of a message, or why it has none. */
export function bodyText({ body, deletedAt, expiresAt }: Message): string {
  if (body !== null) return body
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
