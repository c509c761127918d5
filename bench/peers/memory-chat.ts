import { PubSub } from 'graphql-subscriptions'
import type { ChatPayload, ChatRules } from './resolvers.ts'
import type { DirectChatInput, GroupInput, InboxItem, Message, SendInput } from './schema.ts'
import type { Viewer } from './viewer.ts'

/** A chat in the memory of one process. It shows the cost of GraphQL alone. */
export class MemoryChat implements ChatRules {
  readonly #pubsub = new PubSub()
  readonly #chatsOf = new Map<string, string[]>()

  async startDirectChat(viewer: Viewer, { userId }: DirectChatInput): Promise<ChatPayload> {
    return this.#create([viewer.id, userId])
  }

  async createGroup(viewer: Viewer, { memberIds }: GroupInput): Promise<ChatPayload> {
    return this.#create([viewer.id, ...memberIds])
  }

  async send(viewer: Viewer, { chatId, body }: SendInput): Promise<{ message: Message }> {
    const sentAt = new Date().toISOString()
    const message = { id: crypto.randomUUID(), body, sentAt, sender: viewer, chat: { id: chatId } }
    await this.#pubsub.publish(chatId, { __typename: 'MessageSent', message } satisfies InboxItem)
    return { message }
  }

  async *inbox({ id }: Viewer): AsyncGenerator<InboxItem> {
    const items = this.#pubsub.asyncIterableIterator<InboxItem>(this.#chatsOf.get(id) ?? [])
    // The iterator subscribes at the first call of next().
    let next = items.next() as Promise<IteratorResult<InboxItem, undefined>>
    yield { __typename: 'CaughtUp' }
    for (;;) {
      const result = await next
      if (result.done === true) return
      yield result.value
      next = items.next() as Promise<IteratorResult<InboxItem, undefined>>
    }
  }

  async messages(): Promise<readonly Message[]> {
    return []
  }

  #create(members: readonly string[]): ChatPayload {
    const id = `chat_${crypto.randomUUID()}`
    for (const member of members) this.#chatsOf.set(member, [...(this.#chatsOf.get(member) ?? []), id])
    return { chat: { id } }
  }
}
