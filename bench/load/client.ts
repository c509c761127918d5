import { CREATE_GROUP, INBOX, SEND, START_DIRECT_CHAT, subscribeText } from './documents.ts'
import { NUMBER, NumberedFrame, readNumber } from './numbered-frame.ts'
import { tokenFor } from './token.ts'
import type { ClientOptions, Listener, User } from './user.ts'
import { frameOf, Wire } from './wire.ts'

/*
 * A user with one connection. While a load runs, a received frame is one of two kinds, and neither is parsed:
 *
 *   {"id":"inbox…","type":"next","payload":{…"body":"n0000000042 …"…}}    message 42 has arrived
 *   {"id":"n0000000042","type":"next","payload":…}                         message 42 was answered
 *
 * All other frames belong to setting up, and are parsed.
 */

type ProtocolMessage = Readonly<{ id?: string; type: string; payload?: unknown }>
type Result = Readonly<{ data?: Readonly<Record<string, unknown>> | null; errors?: unknown }>

const ID_AT = '{"id":"'.length
const INBOX_HEAD = Buffer.from('{"id":"inbox')
const ANSWER_HEAD = Buffer.from('{"id":"n')
const BODY = Buffer.from('"body":"n')
const ERRORS = Buffer.from('"errors":')
const NEXT = Buffer.from('"type":"next"')
const ERROR = Buffer.from('"type":"error"')
const PONG = frameOf('{"type":"pong"}')
/** The first bytes of a frame, in which its type stands. */
const HEAD_BYTES = 64
const TEXT = 'Happy new year! This is a message of about a hundred characters, as people write them.'

type Waiting = Readonly<{ take(message: ProtocolMessage): void; fail(error: Error): void }>

export class Client implements User {
  readonly name: string
  #wire!: Wire
  #listener: Listener = { arrived: () => undefined, answered: () => undefined }
  readonly #waiting = new Map<string, Waiting>()
  #operations = 0

  private constructor(name: string) {
    this.name = name
  }

  /** Connects and authenticates. */
  static async open({ url, secret, name }: ClientOptions): Promise<Client> {
    const token = tokenFor(secret, name)
    const client = new Client(name)
    client.#wire = await Wire.open(url, 'graphql-transport-ws', (bytes, start, end) =>
      client.#take(bytes, start, end),
    )
    const acknowledged = client.#next('connection_ack')
    client.#write({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } })
    void client.closed.then((reason) => client.#fail(reason))
    await acknowledged
    return client
  }

  get closed(): Promise<string> {
    return this.#wire.closed
  }

  listen(listener: Listener): void {
    this.#listener = listener
  }

  async startInbox(): Promise<void> {
    const id = `inbox-${this.name}`
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const take = ({ type, payload }: ProtocolMessage): void => {
      const { data, errors } = payload as Result
      if (type !== 'next' || errors !== undefined) return reject(new Error(JSON.stringify(payload)))
      const { __typename: name } = (data?.['inbox'] ?? {}) as { __typename?: string }
      if (name === 'CaughtUp') resolve()
    }
    this.#waiting.set(id, { take, fail: reject })
    this.#wire.write(frameOf(subscribeText(id, INBOX, { deviceId: 'phone' })))
    await promise
    this.#waiting.delete(id)
  }

  async startDirectChat(other: User): Promise<string> {
    const { startDirectChat } = await this.ask(START_DIRECT_CHAT, { input: { userId: userIdOf(other) } })
    return chatIdOf(startDirectChat)
  }

  async createGroup(others: readonly Client[]): Promise<string> {
    const input = {
      clientChatId: this.name,
      title: 'Everyone',
      memberIds: others.map(userIdOf),
    }
    const { createGroup } = await this.ask(CREATE_GROUP, { input })
    return chatIdOf(createGroup)
  }

  /** Runs an operation. Throws if it has errors. */
  async ask(query: string, variables: object): Promise<Readonly<Record<string, unknown>>> {
    const id = `ask-${(this.#operations += 1)}`
    const answer = this.#next(id)
    this.#wire.write(frameOf(subscribeText(id, query, variables)))
    const { payload } = await answer
    const { data, errors } = payload as Result
    if (!data || errors !== undefined) throw new Error(JSON.stringify(payload))
    return data
  }

  sendFrame(chatId: string): NumberedFrame {
    const input = { chatId, clientMessageId: `${this.name}-${NUMBER}`, body: `n${NUMBER} ${TEXT}` }
    return new NumberedFrame(subscribeText(`n${NUMBER}`, SEND, { input }))
  }

  write(frame: Buffer): void {
    this.#wire.write(frame)
  }

  close(): void {
    this.#wire.close()
  }

  #next(key: string): Promise<ProtocolMessage> {
    return new Promise((resolve, reject) => {
      const take = (message: ProtocolMessage): void => {
        this.#waiting.delete(key)
        resolve(message)
      }
      this.#waiting.set(key, { take, fail: reject })
    })
  }

  /** Rejects all that waits for an answer. */
  #fail(reason: string): void {
    for (const { fail } of this.#waiting.values()) fail(new Error(`${this.name} was disconnected: ${reason}`))
    this.#waiting.clear()
  }

  #write(message: ProtocolMessage): void {
    this.#wire.write(frameOf(JSON.stringify(message)))
  }

  #take(bytes: Buffer, start: number, end: number): void {
    if (isAt(bytes, start, INBOX_HEAD)) {
      const at = bytes.indexOf(BODY, start)
      if (at !== -1 && at < end) return this.#listener.arrived(readNumber(bytes, at + BODY.length))
    } else if (isAt(bytes, start, ANSWER_HEAD)) return this.#takeAnswer(bytes, start, end)
    return this.#takeOther(JSON.parse(bytes.toString('utf8', start, end)) as ProtocolMessage)
  }

  #takeAnswer(bytes: Buffer, start: number, end: number): void {
    const number = readNumber(bytes, start + ID_AT + 1)
    if (contains(bytes, NEXT, start, Math.min(end, start + HEAD_BYTES)))
      this.#listener.answered(number, contains(bytes, ERRORS, start, end))
    else if (contains(bytes, ERROR, start, Math.min(end, start + HEAD_BYTES)))
      this.#listener.answered(number, true)
  }

  #takeOther(message: ProtocolMessage): void {
    if (message.type === 'ping') this.#wire.write(PONG)
    this.#waiting.get(message.id ?? message.type)?.take(message)
  }
}

function userIdOf({ name }: Pick<User, 'name'>): string {
  return `user_${name}`
}

function isAt(bytes: Buffer, start: number, expected: Buffer): boolean {
  // The byte after {"id":" decides for most frames.
  if (bytes[start + ID_AT] !== expected[ID_AT]) return false
  return bytes.compare(expected, 0, expected.length, start, start + expected.length) === 0
}

function contains(bytes: Buffer, part: Buffer, start: number, end: number): boolean {
  const at = bytes.indexOf(part, start)
  return at !== -1 && at < end
}

function chatIdOf(payload: unknown): string {
  return (payload as { chat: { id: string } }).chat.id
}
