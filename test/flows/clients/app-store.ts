import type { Chat, LogEvent, Message } from '../../../examples/hand-written/documents.ts'
import type { Store } from '../../../examples/hand-written/inbox.ts'
import { EventQueue } from '../../harness/fixtures/event-queue.ts'

/** The store of an app without a normalised cache. Tests wait for its state. */
export class AppStore implements Store {
  readonly #chats = new Map<string, Map<string, Message>>()
  readonly changes = new EventQueue<string>()

  replace(chats: readonly Chat[]): void {
    this.#chats.clear()
    for (const chat of chats) this.#set(chat)
    this.changes.push('replaced')
  }

  add(chat: Chat): void {
    this.#set(chat)
    this.changes.push('added')
  }

  apply({ __typename, chat, message }: LogEvent): void {
    const messages = this.#chats.get(chat.id) ?? new Map<string, Message>()
    this.#chats.set(chat.id, messages.set(message.id, message))
    this.changes.push(__typename)
  }

  /** Waits until the chat has these messages. Fails with the messages it has instead. */
  async shows(chatId: string, bodies: readonly (string | null)[]): Promise<void> {
    await this.changes.until(() => JSON.stringify(this.#bodies(chatId)) === JSON.stringify(bodies))
  }

  /** Returns the ids of all chats. */
  chatIds(): string[] {
    return [...this.#chats.keys()]
  }

  #set({ id, messages }: Chat): void {
    this.#chats.set(id, new Map(messages.edges.map(({ node }) => [node.id, node])))
  }

  #bodies(chatId: string): (string | null)[] {
    return [...(this.#chats.get(chatId)?.values() ?? [])].map(({ body }) => body)
  }
}
