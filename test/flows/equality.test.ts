import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { setTimeout as delay } from 'node:timers/promises'
import {
  ADD_MEMBERS,
  CHAT,
  type ChatData,
  DELETE_MESSAGE,
  EDIT_MESSAGE,
  MARK_READ,
  REMOVE_MEMBER,
  SEND_MESSAGE,
  SET_MEMBER_ROLE,
  SET_REACTION,
  UPDATE_CHAT,
} from '../harness/documents.ts'
import { Replica } from '../harness/replica.ts'
import { startParley, type TestParley } from '../harness/parley.ts'
import type { Person } from '../harness/person.ts'

// I13: a client that queried once and applied its inbox to that holds what it would query now. Random people do
// random things, several at a time; each observer reconnects now and then, with and without acknowledging.

const PEOPLE = ['alice', 'bob', 'carol'] as const
type Name = (typeof PEOPLE)[number]

type Step =
  | { type: 'send' | 'markRead' | 'markDelivered'; who: Name; whom: Name }
  | { type: 'edit' | 'delete' | 'react' | 'unreact'; who: Name; whom: Name; pick: number }
  | { type: 'group'; what: GroupAction; who: Name; whom: Name; pick: number }
  | { type: 'reconnect'; who: Name; acknowledges: boolean }

const GROUP_ACTIONS = [
  'say',
  'say',
  'say',
  'read',
  'edit',
  'react',
  'add',
  'add',
  'remove',
  'leave',
  'promote',
  'promote',
  'rename',
  'limit',
] as const
type GroupAction = (typeof GROUP_ACTIONS)[number]

const ROLES = ['MEMBER', 'ADMIN', 'OWNER'] as const
/** The shortest there is, a long one, and for good. */
const TTLS = [5, 3_600, 0] as const

const name = fc.constantFrom(...PEOPLE)
const plain: fc.Arbitrary<Step> = fc.record({
  type: fc.constantFrom('send', 'send', 'markRead', 'markDelivered'),
  who: name,
  whom: name,
})
const change: fc.Arbitrary<Step> = fc.record({
  type: fc.constantFrom('edit', 'delete', 'react', 'unreact'),
  who: name,
  whom: name,
  pick: fc.nat(),
})
const group: fc.Arbitrary<Step> = fc.record({
  type: fc.constant('group'),
  what: fc.constantFrom(...GROUP_ACTIONS),
  who: name,
  whom: name,
  pick: fc.nat(),
})
const reconnect: fc.Arbitrary<Step> = fc.record({
  type: fc.constant('reconnect'),
  who: name,
  acknowledges: fc.boolean(),
})
const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: plain },
    { weight: 3, arbitrary: change },
    { weight: 7, arbitrary: group },
    { weight: 1, arbitrary: reconnect },
  ),
  { minLength: 5, maxLength: 40 },
)

let parley: TestParley
beforeAll(async () => {
  parley = await startParley()
})
afterAll(() => parley[Symbol.asyncDispose]())

test('a client that queried once and applied its inbox holds what a fresh query answers', async () => {
  await fc.assert(
    fc.asyncProperty(steps, steps, fc.integer({ min: 1, max: 6 }), async (before, all, atOnce) => {
      await using world = await World.create(parley)
      for (const step of before) await world.take(step)
      await world.startReplicas(all.slice(0, 3))
      for (let first = 0; first < all.length; first += atOnce) {
        await Promise.all(all.slice(first, first + atOnce).map((step) => world.take(step)))
      }
      await world.letExpire()
      await world.expectEquality()
    }),
    {
      numRuns: Number(process.env['PROPERTY_RUNS'] ?? 15),
      // Each attempt to shrink a failure would wait for what never comes.
      endOnFailure: true,
    },
  )
}, 120_000)

/** Three people of their own, and for each a few replicas of what they see, which begin in the middle of things. */
class World {
  readonly #people: ReadonlyMap<Name, Person>
  readonly #group: Promise<string>
  readonly #replicas: { readonly who: Name; readonly replica: Replica }[] = []

  static async create(on: TestParley): Promise<World> {
    const suffix = randomUUID().slice(0, 8)
    const entries = PEOPLE.map(async (who) => [who, await on.person(`${who}-${suffix}`)] as const)
    return new World(new Map(await Promise.all(entries)))
  }

  private constructor(people: ReadonlyMap<Name, Person>) {
    this.#people = people
    this.#group = this.#person('alice').createGroup([this.#person('bob')])
  }

  /** Two devices each; while they start, these things happen. */
  async startReplicas(meanwhile: readonly Step[]): Promise<void> {
    const starting = [...this.#people].flatMap(([who, person]) =>
      ['phone', 'laptop'].map(async (device) => ({ who, replica: await Replica.start(person, device) })),
    )
    await Promise.all(meanwhile.filter(({ type }) => type !== 'reconnect').map((step) => this.take(step)))
    this.#replicas.push(...(await Promise.all(starting)))
  }

  async take(step: Step): Promise<void> {
    const person = this.#person(step.who)
    if (step.type === 'reconnect') return this.#reconnect(step.who, step.acknowledges)
    if (step.type === 'group') return this.#inGroup(step)
    if (step.who === step.whom) return
    const chat = await person.startChat(this.#person(step.whom))
    const { headSeq, messages } = await person.look(chat)
    switch (step.type) {
      case 'send':
        return void (await person.send(chat, `${step.who}: ${randomUUID()}`))
      case 'markRead':
        return void (await person.markRead(chat, headSeq))
      case 'markDelivered':
        return person.markDelivered(chat, headSeq)
      default: {
        const target = messages.edges[step.pick % Math.max(messages.edges.length, 1)]?.node
        if (target !== undefined) await attempt(person, step.type, target.id)
      }
    }
  }

  /** Whoever may not answers FORBIDDEN or NOT_FOUND: then nothing changed, and nothing must be told. */
  async #inGroup({ what, who, whom, pick }: Extract<Step, { type: 'group' }>): Promise<void> {
    const [person, other] = [this.#person(who), this.#person(whom)]
    const chatId = await this.#group
    const { data } = await person.post<{ chat: ChatData | null }>(CHAT, { id: chatId })
    const messages = data?.chat?.messages.edges ?? []
    const messageId = messages[pick % Math.max(messages.length, 1)]?.node.id
    if (what === 'read')
      return void (await person.post(MARK_READ, { input: { chatId, seq: data?.chat?.headSeq ?? 0 } }))
    if ((what === 'edit' || what === 'react') && messageId === undefined) return
    const userId = other.id
    const [query, input] = {
      say: [SEND_MESSAGE, { chatId, body: randomUUID(), clientMessageId: randomUUID() }] as const,
      edit: [EDIT_MESSAGE, { messageId, body: randomUUID() }] as const,
      react: [SET_REACTION, { messageId, emoji: '👍', present: pick % 2 === 0 }] as const,
      add: [ADD_MEMBERS, { chatId, userIds: [userId] }] as const,
      remove: [REMOVE_MEMBER, { chatId, userId }] as const,
      leave: [REMOVE_MEMBER, { chatId, userId: person.id }] as const,
      promote: [SET_MEMBER_ROLE, { chatId, userId, role: ROLES[pick % ROLES.length] }] as const,
      rename: [UPDATE_CHAT, { chatId, title: randomUUID() }] as const,
      limit: [UPDATE_CHAT, { chatId, messageTtlSeconds: TTLS[pick % TTLS.length] }] as const,
    }[what]
    const { errors = [] } = await person.post(query, { input })
    for (const { extensions } of errors) expect(['FORBIDDEN', 'NOT_FOUND']).toContain(extensions.code)
  }

  /** So that what is about to expire has expired for everybody when it is compared. */
  async letExpire(): Promise<void> {
    const states = await Promise.all(this.#replicas.map(({ replica }) => replica.query()))
    const times = states
      .flat()
      .flatMap(({ messages }) => messages.map(({ expiresAt }) => Date.parse(expiresAt ?? '')))
    const soon = times.filter((time) => time > Date.now() && time < Date.now() + 6_000)
    if (soon.length > 0) await delay(Math.max(...soon) - Date.now() + 50)
  }

  async expectEquality(): Promise<void> {
    for (const { who, replica } of this.#replicas) {
      await replica.settle()
      expect(replica.state(), `what ${who} holds`).toEqual(await replica.query())
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { replica } of this.#replicas) replica.stop()
    for (const person of this.#people.values()) await person[Symbol.asyncDispose]()
  }

  #person(who: Name): Person {
    return this.#people.get(who) as Person
  }

  async #reconnect(who: Name, acknowledges: boolean): Promise<void> {
    const own = this.#replicas.filter((entry) => entry.who === who)
    const others = PEOPLE.filter((other) => other !== who)
    const whileAway = async (): Promise<void> => {
      await Promise.all(others.map((other) => this.take({ type: 'markRead', who: other, whom: who })))
    }
    await Promise.all(own.map(({ replica }) => replica.reconnect(acknowledges, whileAway)))
  }
}

/** Answers FORBIDDEN now and then (another's message, a deleted one): then nothing changed, and nothing must be told. */
async function attempt(
  person: Person,
  type: 'edit' | 'delete' | 'react' | 'unreact',
  messageId: string,
): Promise<void> {
  const [query, input] = {
    edit: [EDIT_MESSAGE, { messageId, body: randomUUID() }] as const,
    delete: [DELETE_MESSAGE, { messageId }] as const,
    react: [SET_REACTION, { messageId, emoji: '👍', present: true }] as const,
    unreact: [SET_REACTION, { messageId, emoji: '👍', present: false }] as const,
  }[type]
  const { errors } = await person.post(query, { input })
  expect(errors?.map(({ extensions }) => extensions.code) ?? []).toEqual(
    errors === undefined ? [] : ['FORBIDDEN'],
  )
}
