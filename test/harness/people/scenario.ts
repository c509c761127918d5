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
import type { TestParley } from '../servers/parley.ts'
import type { Person } from './person.ts'
import { ModelClient } from './model-client.ts'

export const PEOPLE = ['alice', 'bob', 'carol', 'dave'] as const
export type Name = (typeof PEOPLE)[number]

/** In the direct chat of the two, or in one of the groups that there are, by number. */
export type Where = 'direct' | number

export type Step =
  | Readonly<{ type: 'send' | 'reply' | 'markRead' | 'markDelivered'; who: Name; whom: Name; where: Where }>
  | Readonly<{
      type: 'edit' | 'delete' | 'react' | 'unreact'
      who: Name
      whom: Name
      where: Where
      pick: number
    }>
  /** With everybody but one. */
  | Readonly<{ type: 'createGroup'; who: Name; whom: Name; messageTtlSeconds: number }>
  | Readonly<{ type: 'addOrRemove' | 'leave'; who: Name; whom: Name; where: number }>
  | Readonly<{ type: 'setRole'; who: Name; whom: Name; where: number; role: 'OWNER' | 'ADMIN' | 'MEMBER' }>
  | Readonly<{ type: 'rename'; who: Name; whom: Name; where: number }>
  | Readonly<{ type: 'setTtl'; who: Name; whom: Name; where: Where; messageTtlSeconds: number }>
  | Readonly<{ type: 'reconnect'; who: Name; acknowledges: boolean }>
  /** Ten minutes go by for all messages. Never taken at the same time as anything else. */
  | Readonly<{ type: 'tenMinutes' }>

/** What people do to one chat. What often only owners may, an owner of the group tries after them. */
type ChatStep = Extract<Step, { where: Where }>

/** What is refused is refused for one of these: then nothing changed, and nothing must be told. */
const REFUSALS = ['FORBIDDEN', 'NOT_FOUND']
const TEN_MINUTES_S = 601
/** What owners may do, and others often may not. */
const AUTHORITATIVE: ReadonlySet<Step['type']> = new Set(['addOrRemove', 'setRole', 'rename', 'setTtl'])

/** A few people of their own, and for each some replicas of what they see, which begin in the middle of things. */
export class Scenario {
  readonly #parley: TestParley
  readonly #people: ReadonlyMap<Name, Person>
  readonly #replicas: { readonly who: Name; readonly replica: ModelClient }[] = []
  readonly #groups: string[] = []

  static async create(on: TestParley): Promise<Scenario> {
    const suffix = randomUUID().slice(0, 8)
    const entries = PEOPLE.map(async (who) => [who, await on.person(`${who}-${suffix}`)] as const)
    return new Scenario(on, new Map(await Promise.all(entries)))
  }

  private constructor(parley: TestParley, people: ReadonlyMap<Name, Person>) {
    this.#parley = parley
    this.#people = people
  }

  /** Two devices each; while they start, these things happen. */
  async startClients(meanwhile: readonly Step[]): Promise<void> {
    const starting = [...this.#people].flatMap(([who, person]) =>
      ['phone', 'laptop'].map(async (device) => ({ who, replica: await ModelClient.start(person, device) })),
    )
    await Promise.all(meanwhile.filter(isDeed).map((step) => this.#do(step)))
    this.#replicas.push(...(await Promise.all(starting)))
  }

  /** All of them at the same time. */
  async runConcurrently(steps: readonly Step[]): Promise<void> {
    await Promise.all(steps.map((step) => this.#take(step)))
    if (steps.some(({ type }) => type === 'tenMinutes')) await this.#letTimePass()
  }

  async expectClientsMatchQueries(): Promise<void> {
    for (const { who, replica } of this.#replicas) {
      await replica.catchUp()
      expect(replica.state(), `what ${who} holds`).toEqual(await replica.query())
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { replica } of this.#replicas) replica.stop()
    for (const person of this.#people.values()) await person[Symbol.asyncDispose]()
  }

  async #take(step: Step): Promise<void> {
    switch (step.type) {
      case 'tenMinutes':
        return
      case 'reconnect':
        return this.#reconnect(step.who, step.acknowledges)
      case 'createGroup': {
        const others = PEOPLE.filter((other) => other !== step.whom).map((other) => this.#person(other))
        const { messageTtlSeconds } = step
        this.#groups.push(await this.#person(step.who).createGroup(others, { messageTtlSeconds }))
        return
      }
      default:
        return this.#do(step)
    }
  }

  async #do(deed: ChatStep): Promise<void> {
    const person = this.#person(deed.who)
    const chatId = await this.#chatOf(deed)
    if (chatId === undefined) return
    const { chat } = await person.run<{ chat: ChatData | null }>(CHAT, { id: chatId })
    // Whoever was never in it, unless they are being let in right now, is told that there is no such chat.
    if (chat === null) await attempt(person, SEND_MESSAGE, message(chatId))
    else await this.#doIn(chat, person, deed)
    if (AUTHORITATIVE.has(deed.type)) await this.#doAsOwner(chatId, person, deed)
  }

  async #doAsOwner(id: string, refused: Person, deed: ChatStep): Promise<void> {
    for (const person of this.#people.values()) {
      const { chat } = await person.run<{ chat: ChatData | null }>(CHAT, { id })
      if (chat?.viewerMember.role !== 'OWNER' || chat.viewerMember.leftAt !== null) continue
      if (person !== refused) await this.#doIn(chat, person, deed)
      return
    }
  }

  async #doIn(chat: ChatData, person: Person, deed: ChatStep): Promise<void> {
    const { id: chatId, headSeq } = chat
    const userId = 'whom' in deed ? this.#person(deed.whom).id : person.id
    const last = chat.lastMessage?.id
    const to = (pick: number): string | undefined =>
      chat.messages.edges[pick % Math.max(chat.messages.edges.length, 1)]?.node.id
    switch (deed.type) {
      case 'send':
        return attempt(person, SEND_MESSAGE, message(chatId))
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
        return attempt(person, SET_MEMBER_ROLE, { chatId, userId, role: deed.role })
      case 'rename':
        return attempt(person, UPDATE_CHAT, { chatId, title: randomUUID() })
      case 'setTtl':
        return attempt(person, UPDATE_CHAT, { chatId, messageTtlSeconds: deed.messageTtlSeconds })
      case 'edit':
        return change(person, EDIT_MESSAGE, to(deed.pick), { body: randomUUID() })
      case 'delete':
        return change(person, DELETE_MESSAGE, to(deed.pick), {})
      case 'react':
        return change(person, SET_REACTION, to(deed.pick), { emoji: '👍', present: true })
      case 'unreact':
        return change(person, SET_REACTION, to(deed.pick), { emoji: '👍', present: false })
      default:
        return deed satisfies never
    }
  }

  async #chatOf({ who, whom, where }: ChatStep): Promise<string | undefined> {
    if (where !== 'direct') return this.#groups[where % Math.max(this.#groups.length, 1)]
    return who === whom ? undefined : this.#person(who).startChat(this.#person(whom))
  }

  #person(who: Name): Person {
    return this.#people.get(who) as Person
  }

  async #reconnect(who: Name, acknowledges: boolean): Promise<void> {
    const own = this.#replicas.filter((entry) => entry.who === who)
    const others = PEOPLE.filter((other) => other !== who)
    const whileAway = async (): Promise<void> => {
      const read = (other: Name): Step => ({ type: 'markRead', who: other, whom: who, where: 'direct' })
      await Promise.all(others.map((other) => this.#take(read(other))))
    }
    await Promise.all(own.map(({ replica }) => replica.reconnect(acknowledges, whileAway)))
  }

  /** As if all messages had been sent that much earlier. Replicas have to hold what was told first. */
  async #letTimePass(): Promise<void> {
    for (const { replica } of this.#replicas) await replica.catchUp()
    await query(this.#parley.databaseUrl, AGE, [TEN_MINUTES_S])
    for (const { replica } of this.#replicas) replica.shiftTime(TEN_MINUTES_S * 1_000)
  }
}

const AGE = `
  UPDATE messages SET sent_at = sent_at - make_interval(secs => $1), expires_at = expires_at - make_interval(secs => $1)`

function isIn({ members }: ChatData, userId: string): boolean {
  return members.edges.some(({ node }) => node.user.id === userId && node.leftAt === null)
}

function isDeed(step: Step): step is ChatStep {
  return 'where' in step
}

function message(chatId: string, replyToId?: string): object {
  return { chatId, body: randomUUID(), clientMessageId: randomUUID(), replyToId }
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
  for (const { message: text, extensions } of errors) expect(REFUSALS, text).toContain(extensions.code)
}
