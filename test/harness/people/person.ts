import { randomUUID } from 'node:crypto'
import { type Client, createClient } from 'graphql-ws'
import { EventQueue } from '../fixtures/event-queue.ts'
import * as documents from './documents.ts'

/** An error as clients see it. */
export type ApiError = Readonly<{
  message: string
  extensions: Readonly<{ code: string; retryable: boolean; retryAfterMs?: number }>
}>

/** A GraphQL response of either transport. */
export type ApiResponse<Data> = Readonly<{ data?: Data | null; errors?: readonly ApiError[] }>

export type Variables = Readonly<Record<string, unknown>>

/** An item of an inbox or of a chat's event stream. */
export type StreamItem = Readonly<{
  __typename: string
  seq?: number
  chat?: { id: string }
  message?: documents.MessageData
  [field: string]: unknown
}>

type Options = Readonly<{ url: string; token: string; name: string }>

/** A user with a token, connected to one gateway over HTTP and WebSocket. */
export class Person {
  readonly name: string
  readonly id: string
  readonly token: string
  readonly url: string
  readonly socket: Client

  constructor({ url, token, name }: Options) {
    this.name = name
    this.id = `user_${name}`
    this.token = token
    this.url = url
    this.socket = this.connect()
  }

  /** Opens another connection of the same person, as another device would. */
  connect(): Client {
    return createClient({
      url: this.url.replace('http', 'ws'),
      connectionParams: this.#credentials(),
      lazy: true,
      retryAttempts: 100,
      retryWait: () => new Promise((resolve) => setTimeout(resolve, 20)),
      shouldRetry: () => true,
    })
  }

  /** Sends a POST. Returns the whole response, including errors. */
  async post<Data>(query: string, variables: Variables = {}): Promise<ApiResponse<Data>> {
    const response = await fetch(this.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        ...this.#credentials(),
      },
      body: JSON.stringify({ query, variables }),
    })
    return (await response.json()) as ApiResponse<Data>
  }

  /** Sends the operation over the WebSocket. Returns the whole response, including errors. */
  async requestOverSocket<Data>(query: string, variables: Variables = {}): Promise<ApiResponse<Data>> {
    const responses = this.socket.iterate({ query, variables })
    try {
      for await (const response of responses) return response as unknown as ApiResponse<Data>
    } catch (errors) {
      if (Array.isArray(errors)) return { errors: errors as readonly ApiError[] }
      throw errors
    }
    throw new Error('The operation completed without a response.')
  }

  /** Sends a POST. Returns the data, and throws on any error. */
  async run<Data>(query: string, variables: Variables = {}): Promise<Data> {
    const { data, errors } = await this.post<Data>(query, variables)
    if (errors !== undefined || data === undefined || data === null) {
      throw new Error(`${this.name}: ${JSON.stringify(errors)}`)
    }
    return data
  }

  /** Empty for a person without a token. */
  #credentials(): { authorization?: string } {
    return this.token === '' ? {} : { authorization: `Bearer ${this.token}` }
  }

  async startChat(other: Person): Promise<string> {
    const data = await this.run<documents.StartDirectChatData>(documents.START_DIRECT_CHAT, {
      userId: other.id,
    })
    return data.startDirectChat.chat.id
  }

  /** Creates a group with these people. Returns its id. Default: a new key. */
  async createGroup(
    others: readonly Person[],
    input: Readonly<{ title?: string; messageTtlSeconds?: number; clientChatId?: string }> = {},
  ): Promise<string> {
    const named = { title: 'Tea', clientChatId: randomUUID(), memberIds: others.map(({ id }) => id) }
    const variables = { input: { ...named, ...input } }
    const data = await this.run<documents.CreateGroupData>(documents.CREATE_GROUP, variables)
    return data.createGroup.chat.id
  }

  async addMembers(chatId: string, others: readonly Person[]): Promise<documents.ChatData> {
    const variables = { input: { chatId, userIds: others.map(({ id }) => id) } }
    return (await this.run<documents.AddMembersData>(documents.ADD_MEMBERS, variables)).addMembers.chat
  }

  async removeMember(chatId: string, { id: userId }: Person): Promise<void> {
    await this.run(documents.REMOVE_MEMBER, { input: { chatId, userId } })
  }

  async leave(chatId: string): Promise<void> {
    await this.removeMember(chatId, this)
  }

  async setRole(chatId: string, { id: userId }: Person, role: documents.MemberData['role']): Promise<void> {
    await this.run(documents.SET_MEMBER_ROLE, { input: { chatId, userId, role } })
  }

  async updateChat(
    chatId: string,
    changes: Readonly<{ title?: string; messageTtlSeconds?: number }>,
  ): Promise<documents.ChatData> {
    const variables = { input: { chatId, ...changes } }
    return (await this.run<documents.UpdateChatData>(documents.UPDATE_CHAT, variables)).updateChat.chat
  }

  async send(
    chatId: string,
    body: string,
    clientMessageId: string = randomUUID(),
  ): Promise<documents.MessageData> {
    return (await this.trySend(chatId, body, clientMessageId)).message
  }

  async trySend(
    chatId: string,
    body: string,
    clientMessageId: string,
  ): Promise<documents.SendMessageData['sendMessage']> {
    const variables = { input: { chatId, body, clientMessageId } }
    return (await this.run<documents.SendMessageData>(documents.SEND_MESSAGE, variables)).sendMessage
  }

  /** As `send`, over the WebSocket. */
  async sendOverSocket(chatId: string, body: string): Promise<documents.MessageData> {
    const variables = { input: { chatId, body, clientMessageId: randomUUID() } }
    const { data, errors } = await this.requestOverSocket<documents.SendMessageData>(
      documents.SEND_MESSAGE,
      variables,
    )
    if (data === undefined || data === null) throw new Error(`${this.name}: ${JSON.stringify(errors)}`)
    return data.sendMessage.message
  }

  async setTyping(chatId: string, typing: boolean): Promise<void> {
    await this.run(documents.SET_TYPING, { input: { chatId, typing } })
  }

  async markDelivered(chatId: string, seq: number, deviceId?: string): Promise<void> {
    await this.run(documents.MARK_DELIVERED, { input: { deviceId, positions: [{ chatId, seq }] } })
  }

  async markRead(chatId: string, seq: number): Promise<documents.ChatData> {
    const data = await this.run<documents.MarkReadData>(documents.MARK_READ, { input: { chatId, seq } })
    return data.markRead.chat
  }

  /** Queries the chat. */
  async fetchChat(chatId: string): Promise<documents.ChatData> {
    return (await this.run<{ chat: documents.ChatData }>(documents.CHAT, { id: chatId })).chat
  }

  /** Subscribes to the inbox. Default connection: this person's socket. */
  inbox(deviceId?: string, connection: Client = this.socket): Stream {
    return new Stream(connection, documents.INBOX, { deviceId })
  }

  chatEvents(chatId: string, afterSeq?: number): Stream {
    return new Stream(this.socket, documents.CHAT_EVENTS, { chatId, afterSeq })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.socket.dispose()
  }
}

/** A subscription with its received items. */
export class Stream {
  readonly items = new EventQueue<StreamItem>()
  /** Resolves when the subscription has ended, with the error if there was one. */
  readonly ended: Promise<unknown>
  readonly #dispose: () => void

  constructor(client: Client, query: string, variables: Variables) {
    const { promise, resolve } = Promise.withResolvers<unknown>()
    this.ended = promise
    this.#dispose = client.subscribe<{ inbox?: StreamItem; chatEvents?: StreamItem }>(
      { query, variables },
      {
        next: ({ data, errors }) => {
          const item = data?.inbox ?? data?.chatEvents
          if (item !== undefined) this.items.push(item)
          else resolve(errors)
        },
        error: resolve,
        complete: () => resolve(undefined),
      },
    )
  }

  /** Waits for the next CaughtUp. */
  async caughtUp(): Promise<void> {
    await this.items.match((item) => item.__typename === 'CaughtUp')
  }

  /** Returns the next event of this type. Skips the items before it. */
  async next(type: string): Promise<StreamItem> {
    return this.items.match((item) => item.__typename === type)
  }

  /** Waits until the stream has received an event of the chat with this seq or a later one. */
  async reaches(chatId: string, seq: number, timeoutMs?: number): Promise<void> {
    await this.items.until(
      (all) => all.some((item) => item.chat?.id === chatId && (item.seq ?? 0) >= seq),
      timeoutMs,
    )
  }

  /** Returns the chat's events in order of arrival, without repeats, as a client applies them. */
  uniqueEvents(chatId: string): StreamItem[] {
    const seen = new Set<number>()
    return this.items.all.filter(({ chat, seq }) => {
      const isNew = chat?.id === chatId && seq !== undefined && !seen.has(seq)
      if (isNew) seen.add(seq)
      return isNew
    })
  }

  /** Returns the seqs of `uniqueEvents`. */
  seqs(chatId: string): number[] {
    return this.uniqueEvents(chatId).map(({ seq }) => seq ?? 0)
  }

  /** Returns the bodies of the sent messages among `uniqueEvents`. */
  bodies(chatId: string): (string | null)[] {
    return this.uniqueEvents(chatId).flatMap(({ __typename, message }) =>
      __typename === 'MessageSent' && message !== undefined ? [message.body] : [],
    )
  }

  close(): void {
    this.#dispose()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
