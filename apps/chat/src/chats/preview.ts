import type { ChatSummary, Message, User } from '@parley/client'

/** The second line of a chat in the list. */
export type Preview = Readonly<{
  kind: 'typing' | 'draft' | 'message' | 'empty'
  /** The author, if it has to be said. */
  author: string | undefined
  text: string
}>

/** Says what happened last in a chat. */
export function previewOf(chat: ChatSummary, viewerId: string | undefined, draft: string): Preview {
  if (chat.typing.length > 0) return { kind: 'typing', author: undefined, text: typingText(chat) }
  if (draft.trim() !== '') return { kind: 'draft', author: 'Draft', text: draft }
  const { lastMessage } = chat
  if (lastMessage === null) {
    return {
      kind: 'empty',
      author: undefined,
      text: chat.isMember ? 'No messages yet' : 'You left this group',
    }
  }
  return { kind: 'message', author: authorOf(lastMessage, chat, viewerId), text: bodyText(lastMessage) }
}

function authorOf(message: Message, { kind }: ChatSummary, viewerId: string | undefined): string | undefined {
  if (message.sender.id === viewerId) return 'You'
  return kind === 'GROUP' ? message.sender.name : undefined
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
