import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { query } from '../servers/database.ts'
import {
  ADD_MEMBERS,
  CHAT,
  type ChatData,
  DELETE_MESSAGE,
  EDIT_MESSAGE,
  REMOVE_MEMBER,
  SEND_MESSAGE,
  SET_MEMBER_ROLE,
  SET_REACTION,
  UPDATE_CHAT,
} from './documents.ts'
import type { Backend } from './backend.ts'
import type { TestParley } from '../servers/parley.ts'
import { upload } from './files.ts'
import type { Person } from './person.ts'
import { ModelClient } from './model-client.ts'

export const PEOPLE = ['alice', 'bob', 'carol', 'dave'] as const
export type Name = (typeof PEOPLE)[number]

/** The direct chat of the two people, or the number of a group. */
export type Where = 'direct' | number

export type Step =
  | Readonly<{
      type: 'send' | 'sendAsSystem' | 'sendFile' | 'reply' | 'markRead' | 'markDelivered'
      actor: Name
      target: Name
      where: Where
    }>
  | Readonly<{
      type: 'edit' | 'delete' | 'react' | 'unreact'
      actor: Name
      target: Name
      where: Where
      pick: number
    }>
  /** A group of all people except `target`. */
  | Readonly<{ type: 'createGroup'; actor: Name; target: Name; messageTtlSeconds: number }>
  | Readonly<{ type: 'addOrRemove' | 'leave'; actor: Name; target: Name; where: number }>
  | Readonly<{
      type: 'setRole'
      actor: Name
      target: Name
      where: number
      role: 'OWNER' | 'ADMIN' | 'MEMBER'
    }>
  | Readonly<{ type: 'rename'; actor: Name; target: Name; where: number }>
  | Readonly<{ type: 'setTtl'; actor: Name; target: Name; where: Where; messageTtlSeconds: number }>
  | Readonly<{ type: 'reconnect'; actor: Name; acknowledges: boolean }>
  /** Ten minutes pass for all messages. Never runs together with other steps. */
  | Readonly<{ type: 'tenMinutes' }>

/** A step in one chat. If only owners may do it, an owner of the group repeats it. */
type ChatStep = Extract<Step, { where: Where }>

/** Expected error codes. After one of these, nothing may change and no event may be delivered. */
const EXPECTED_ERRORS = ['FORBIDDEN', 'NOT_FOUND']
const TEN_MINUTES_S = 601
/** Steps that often only owners may do. */
const OWNER_STEPS: ReadonlySet<Step['type']> = new Set(['addOrRemove', 'setRole', 'rename', 'setTtl'])

/** A client under test. */
export type ScenarioClient = Readonly<{
  /** Resolves when the client holds what a query returns. */
  catchUp(): Promise<void>
  /** Fails unless the client holds what a query returns, or comes to hold it soon. */
  expectUpToDate(): Promise<void>
  /** Loses the connection while `whileAway` runs. */
  reconnect(acknowledges: boolean, whileAway: () => Promise<void>): Promise<void>
  /** All times of the server moved into the past. */
  shiftTime(ms: number): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}>

/** Starts a client of a person on a device. */
export type StartClient = (person: Person, device: string) => Promise<ScenarioClient>

const SEND_AS_SYSTEM = `
  mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }`

/** The product's backend, and a few people, each with clients that start while steps are running. */
export class Scenario {
  readonly #parley: TestParley
  readonly #backend: Backend
  readonly #people: ReadonlyMap<Name, Person>
  readonly #clients: { readonly actor: Name; readonly client: ScenarioClient }[] = []
  readonly #groups: string[] = []

  static async create(parley: TestParley, backend: Backend): Promise<Scenario> {
    const suffix = randomUUID().slice(0, 8)
    const entries = PEOPLE.map(async (actor) => [actor, await parley.person(`${actor}-${suffix}`)] as const)
    return new Scenario(parley, backend, new Map(await Promise.all(entries)))
  }

  private constructor(parley: TestParley, backend: Backend, people: ReadonlyMap<Name, Person>) {
    this.#parley = parley
    this.#backend = backend
    this.#people = people
  }

  /** Starts the clients of each person while these steps run. */
  async startClients(
    meanwhile: readonly Step[],
    start: StartClient = startModelClient,
    devices: readonly string[] = ['phone', 'laptop'],
  ): Promise<void> {
    const starting = [...this.#people].flatMap(([actor, person]) =>
      devices.map(async (device) => ({ actor, client: await start(person, device) })),
    )
    await Promise.all(meanwhile.filter(isChatStep).map((step) => this.#runChatStep(step)))
    this.#clients.push(...(await Promise.all(starting)))
  }

  /** Runs all steps at the same time. */
  async runConcurrently(steps: readonly Step[]): Promise<void> {
    await Promise.all(steps.map((step) => this.#run(step)))
    if (steps.some(({ type }) => type === 'tenMinutes')) await this.#passTenMinutes()
  }

  async expectClientsMatchQueries(): Promise<void> {
    await this.#withClients((client) => client.expectUpToDate())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { client } of this.#clients) await client[Symbol.asyncDispose]()
    for (const person of this.#people.values()) await person[Symbol.asyncDispose]()
  }

  async #run(step: Step): Promise<void> {
    switch (step.type) {
      case 'tenMinutes':
        return
      case 'reconnect':
        return this.#reconnect(step.actor, step.acknowledges)
      case 'createGroup': {
        const others = PEOPLE.filter((other) => other !== step.target).map((other) => this.#person(other))
        const { messageTtlSeconds } = step
        this.#groups.push(await this.#person(step.actor).createGroup(others, { messageTtlSeconds }))
        return
      }
      default:
        return this.#runChatStep(step)
    }
  }

  async #runChatStep(step: ChatStep): Promise<void> {
    const person = this.#person(step.actor)
    const chatId = await this.#chatOf(step)
    if (chatId === undefined) return
    const { chat } = await person.run<{ chat: ChatData | null }>(CHAT, { id: chatId })
    // A person actor was never a member gets NOT_FOUND, unless another step adds them at the same moment.
    if (chat === null) await attempt(person, SEND_MESSAGE, message(chatId))
    else await this.#runIn(chat, person, step)
    if (OWNER_STEPS.has(step.type)) await this.#runAsOwner(chatId, person, step)
  }

  async #runAsOwner(id: string, rejected: Person, step: ChatStep): Promise<void> {
    for (const person of this.#people.values()) {
      const { chat } = await person.run<{ chat: ChatData | null }>(CHAT, { id })
      if (chat?.viewerMember.role !== 'OWNER' || chat.viewerMember.leftAt !== null) continue
      if (person !== rejected) await this.#runIn(chat, person, step)
      return
    }
  }

  async #runIn(chat: ChatData, person: Person, step: ChatStep): Promise<void> {
    const { id: chatId, headSeq } = chat
    const userId = 'target' in step ? this.#person(step.target).id : person.id
    const last = chat.lastMessage?.id
    const to = (pick: number): string | undefined =>
      chat.messages.edges[pick % Math.max(chat.messages.edges.length, 1)]?.node.id
    switch (step.type) {
      case 'send':
        return attempt(person, SEND_MESSAGE, message(chatId))
      case 'sendAsSystem':
        return void (await this.#backend.run(SEND_AS_SYSTEM, { input: message(chatId, last) }))
      case 'sendFile': {
        const file = await upload(person, Buffer.from(randomUUID()))
        return attempt(person, SEND_MESSAGE, { ...message(chatId), body: null, attachmentIds: [file.id] })
      }
      case 'reply':
        return attempt(person, SEND_MESSAGE, message(chatId, last))
      case 'markRead':
        return void (await person.markRead(chatId, headSeq))
      case 'markDelivered':
        return person.markDelivered(chatId, headSeq)
      case 'addOrRemove':
        return isIn(chat, userId)
          ? attempt(person, REMOVE_MEMBER, { chatId, userId })
          : attempt(person, ADD_MEMBERS, { chatId, userIds: [userId] })
      case 'leave':
        return attempt(person, REMOVE_MEMBER, { chatId, userId: person.id })
      case 'setRole':
        return attempt(person, SET_MEMBER_ROLE, { chatId, userId, role: step.role })
      case 'rename':
        return attempt(person, UPDATE_CHAT, { chatId, title: randomUUID(), data: { order: randomUUID() } })
      case 'setTtl':
        return attempt(person, UPDATE_CHAT, { chatId, messageTtlSeconds: step.messageTtlSeconds })
      case 'edit':
        return change(person, EDIT_MESSAGE, to(step.pick), { body: randomUUID() })
      case 'delete':
        return change(person, DELETE_MESSAGE, to(step.pick), {})
      case 'react':
        return change(person, SET_REACTION, to(step.pick), { emoji: '👍', present: true })
      case 'unreact':
        return change(person, SET_REACTION, to(step.pick), { emoji: '👍', present: false })
      default:
        return step satisfies never
    }
  }

  async #chatOf({ actor, target, where }: ChatStep): Promise<string | undefined> {
    if (where !== 'direct') return this.#groups[where % Math.max(this.#groups.length, 1)]
    return actor === target ? undefined : this.#person(actor).startChat(this.#person(target))
  }

  #person(actor: Name): Person {
    return this.#people.get(actor) as Person
  }

  async #reconnect(actor: Name, acknowledges: boolean): Promise<void> {
    const own = this.#clients.filter((entry) => entry.actor === actor)
    const others = PEOPLE.filter((other) => other !== actor)
    const whileAway = async (): Promise<void> => {
      const read = (other: Name): Step => ({ type: 'markRead', actor: other, target: actor, where: 'direct' })
      await Promise.all(others.map((other) => this.#run(read(other))))
    }
    await Promise.all(own.map(({ client }) => client.reconnect(acknowledges, whileAway)))
  }

  /** Moves all messages into the past. The clients have to be up to date before. */
  async #passTenMinutes(): Promise<void> {
    await this.#withClients((client) => client.catchUp())
    await query(this.#parley.databaseUrl, SHIFT_MESSAGES, [TEN_MINUTES_S])
    await this.#withClients((client) => client.shiftTime(TEN_MINUTES_S * 1_000))
  }

  async #withClients(run: (client: ScenarioClient) => Promise<void>): Promise<void> {
    await Promise.all(this.#clients.map(({ client }) => run(client)))
  }
}

const SHIFT_MESSAGES = `
  UPDATE messages SET sent_at = sent_at - make_interval(secs => $1), expires_at = expires_at - make_interval(secs => $1)`

function isIn({ members }: ChatData, userId: string): boolean {
  return members.edges.some(({ node }) => node.user.id === userId && node.leftAt === null)
}

function isChatStep(step: Step): step is ChatStep {
  return 'where' in step
}

function message(chatId: string, replyToId?: string): object {
  const custom = { type: 'order.placed', data: { order: randomUUID(), lines: [1, null, { paid: true }] } }
  return { chatId, body: randomUUID(), clientMessageId: randomUUID(), replyToId, ...custom }
}

async function change(
  person: Person,
  document: string,
  messageId: string | undefined,
  input: object,
): Promise<void> {
  if (messageId !== undefined) await attempt(person, document, { messageId, ...input })
}

async function attempt(person: Person, document: string, input: object): Promise<void> {
  const { errors = [] } = await person.post(document, { input })
  for (const { message: text, extensions } of errors) expect(EXPECTED_ERRORS, text).toContain(extensions.code)
}

function startModelClient(person: Person, device: string): Promise<ModelClient> {
  return ModelClient.start(person, device)
}
