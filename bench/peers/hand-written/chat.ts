import { PrismaPg } from '@prisma/adapter-pg'
import type { RedisPubSub } from 'graphql-redis-subscriptions'
import { createStatementNames } from '../../../src/store/sql/prisma-client.ts'
import type { DirectChatInput, GroupInput, InboxItem, Message, SendInput } from '../schema.ts'
import type { ChatRules } from '../resolvers.ts'
import type { Viewer } from '../viewer.ts'
import { PrismaClient } from './src/store/generated/client.ts'

/** Tuned: statements are prepared, and the pool is as large as it is useful on a few cores. */
export function openPrisma(connectionString: string): PrismaClient {
  const pool = { connectionString, max: 10, options: '-c timezone=UTC' }
  return new PrismaClient({ adapter: new PrismaPg(pool, { statementNameGenerator: createStatementNames() }) })
}

/** The rules of the hand-written chat. */
export class Chat implements ChatRules {
  readonly #prisma: PrismaClient
  readonly #pubsub: RedisPubSub

  constructor(prisma: PrismaClient, pubsub: RedisPubSub) {
    this.#prisma = prisma
    this.#pubsub = pubsub
  }

  async signIn(viewer: Viewer): Promise<void> {
    const { id, name } = viewer
    await this.#prisma.user.createMany({ data: { id, name }, skipDuplicates: true })
  }

  async createChat(memberIds: readonly string[], title: string | null): Promise<{ chat: { id: string } }> {
    const members = { createMany: { data: memberIds.map((userId) => ({ userId })) } }
    const { id } = await this.#prisma.chat.create({ data: { title, members }, select: { id: true } })
    return { chat: { id } }
  }

  startDirectChat(viewer: Viewer, { userId }: DirectChatInput): Promise<{ chat: { id: string } }> {
    return this.createChat([viewer.id, userId], null)
  }

  createGroup(viewer: Viewer, { memberIds, title }: GroupInput): Promise<{ chat: { id: string } }> {
    return this.createChat([viewer.id, ...memberIds], title)
  }

  /** Two statements and one publish: the chat's channel reaches both processes. */
  async send(viewer: Viewer, { chatId, clientMessageId, body }: SendInput): Promise<{ message: Message }> {
    await this.#requireMember(viewer, chatId)
    const { id, sentAt } = await this.#prisma.message.create({
      data: { chatId, senderId: viewer.id, clientMessageId, body },
      select: { id: true, sentAt: true },
    })
    const message = { id, body, sentAt: sentAt.toISOString(), sender: viewer, chat: { id: chatId } }
    await this.#pubsub.publish(channelOf(chatId), { __typename: 'MessageSent', message } satisfies InboxItem)
    return { message }
  }

  /** Delivers the messages of all chats that the viewer has now. A chat that begins later needs a new inbox. */
  async *inbox(viewer: Viewer): AsyncGenerator<InboxItem> {
    const chats = await this.#prisma.member.findMany({
      where: { userId: viewer.id },
      select: { chatId: true },
    })
    const channels = chats.map(({ chatId }) => channelOf(chatId))
    const items = this.#pubsub.asyncIterator(channels) as AsyncIterableIterator<InboxItem, undefined>
    // Iterators of this library subscribe at the first call of next().
    const first = items.next()
    yield { __typename: 'CaughtUp' }
    const { value, done } = await first
    if (done === true) return
    yield value
    yield* items
  }

  async messages(
    viewer: Viewer,
    chatId: string,
    last: number,
    before: string | undefined,
  ): Promise<readonly Message[]> {
    await this.#requireMember(viewer, chatId)
    const rows = await this.#prisma.message.findMany({
      where: { chatId, ...(before !== undefined && { id: { lt: before } }) },
      orderBy: { id: 'desc' },
      take: last,
      include: { sender: true },
    })
    return rows.toReversed().map(({ id, body, sentAt, sender }) => ({
      id,
      body,
      sentAt: sentAt.toISOString(),
      sender,
      chat: { id: chatId },
    }))
  }

  async #requireMember({ id: userId }: Viewer, chatId: string): Promise<void> {
    const key = { chatId_userId: { chatId, userId } }
    const member = await this.#prisma.member.findUnique({ where: key, select: { userId: true } })
    if (member === null) throw new Error('The viewer is not a member of the chat.')
  }
}

function channelOf(chatId: string): string {
  return `chat:${chatId}`
}
