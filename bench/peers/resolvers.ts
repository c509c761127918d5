import type { Viewer } from './viewer.ts'
import type { DirectChatInput, GroupInput, InboxItem, Message, SendInput } from './schema.ts'

/** The rules of a peer's chat. */
export type ChatRules = Readonly<{
  send(viewer: Viewer, input: SendInput): Promise<Readonly<{ message: Message }>>
  startDirectChat(viewer: Viewer, input: DirectChatInput): Promise<ChatPayload>
  createGroup(viewer: Viewer, input: GroupInput): Promise<ChatPayload>
  inbox(viewer: Viewer): AsyncIterable<InboxItem>
  /** Returns the newest messages before a cursor, the oldest first. Rejects if the viewer is not a member. */
  messages(
    viewer: Viewer,
    chatId: string,
    last: number,
    before: string | undefined,
  ): Promise<readonly Message[]>
}>

export type ChatPayload = Readonly<{ chat: Readonly<{ id: string }> }>
export type Context = Readonly<{ viewer: Viewer }>

type Input<Value> = Readonly<{ input: Value }>
type Page = Readonly<{ last?: number; before?: string }>

export function resolversOf(chat: ChatRules) {
  return {
    Query: { chat: (_root: unknown, { id }: { id: string }) => ({ id }) },
    Chat: {
      async messages({ id }: { id: string }, { last = 50, before }: Page, { viewer }: Context) {
        const messages = await chat.messages(viewer, id, last, before)
        return { edges: messages.map((node) => ({ cursor: node.id, node })) }
      },
    },
    Mutation: {
      sendMessage: (_root: unknown, { input }: Input<SendInput>, { viewer }: Context) =>
        chat.send(viewer, input),
      startDirectChat: (_root: unknown, { input }: Input<DirectChatInput>, { viewer }: Context) =>
        chat.startDirectChat(viewer, input),
      createGroup: (_root: unknown, { input }: Input<GroupInput>, { viewer }: Context) =>
        chat.createGroup(viewer, input),
    },
    Subscription: {
      inbox: {
        subscribe: (_root: unknown, _args: unknown, { viewer }: Context) => chat.inbox(viewer),
        resolve: (item: InboxItem) => item,
      },
    },
  }
}
