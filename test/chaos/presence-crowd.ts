import { createClient } from 'graphql-ws'
import { expect } from 'vitest'
import { WebSocket } from 'ws'
import { issueToken } from '../../src/auth/issue-token.ts'
import { pause } from '../../src/lib/async.ts'
import { MARK_DELIVERED } from '../harness/people/documents.ts'
import { TEST_SECRET } from '../harness/servers/parley.ts'
import { Person } from '../harness/people/person.ts'
import { checkPresence, type PresenceFinding, type Window } from '../harness/checkers/presence-checker.ts'
import { PresenceRecorder, type PresenceState } from '../harness/checkers/presence-history.ts'
import {
  heartbeat,
  queryPresence,
  type PresenceData,
  PRESENCE_SUBSCRIPTION,
} from '../harness/people/presence-stream.ts'

/** What is asked of a gateway that may be dead for a while. */
type Address = Readonly<{ url: string }>

/** Between two attempts to subscribe, in milliseconds. */
const RETRY_MS = 50

/** People who do things, others who watch them from every gateway, and a record of all of it. */
export class PresenceCrowd implements AsyncDisposable {
  readonly recorder: PresenceRecorder
  readonly #gateways: readonly Address[]
  readonly #names: readonly string[]
  readonly #over = new AbortController()
  #chat = ''
  #running: readonly Promise<void>[] = []

  private constructor(gateways: readonly Address[], names: readonly string[]) {
    this.recorder = new PresenceRecorder(names.map((name) => `user_${name}`))
    this.#gateways = gateways
    this.#names = names
  }

  /** A group of these people and one more for each gateway, who watches them there from now on. */
  static async start(gateways: readonly Address[], names: readonly string[]): Promise<PresenceCrowd> {
    const crowd = new PresenceCrowd(gateways, names)
    const watchers = await Promise.all(gateways.map((_, index) => crowd.#signIn(`watcher-${index}`, index)))
    const people = await Promise.all(names.map((name) => crowd.#signIn(name, 0)))
    const [founder] = watchers
    if (founder === undefined) throw new Error('Nobody watches without a gateway')
    crowd.#chat = await founder.createGroup([...watchers.slice(1), ...people])
    await founder.send(crowd.#chat, 'Hello')
    crowd.#running = watchers.map((watcher, index) => crowd.#watch(watcher.name, index))
    return crowd
  }

  /** The person does something at a gateway. Where that fails, it may have counted or not. */
  async act(name: string, gateway: number): Promise<void> {
    const person = await this.#at(name, gateway)
    const finish = this.recorder.startActivity(person.id)
    finish(await succeeds(heartbeat(person)))
  }

  /** Their app goes on by itself, at all gateways in turn, until the signal. */
  async idle(name: string, signal: AbortSignal): Promise<void> {
    const delivered = { input: { positions: [{ chatId: this.#chat, seq: 1 }] } }
    for (let turn = 0; !signal.aborted; turn += 1) {
      const app = await this.#at(name, turn)
      await succeeds(heartbeat(app, false))
      await succeeds(app.post(MARK_DELIVERED, delivered))
      await succeeds(app.run('{ viewer { id } chats(first: 5) { edges { node { unreadCount } } } }'))
      await pause(250, signal)
    }
  }

  /** Breaks something and mends it; `healMs` later, all has to be as ever. */
  async during(fault: () => Promise<unknown>, healMs: number): Promise<void> {
    const finish = this.recorder.startFault()
    await fault()
    finish(healMs)
  }

  /** Asks for everybody at every gateway, and notes what is seen; a gateway that is dead has nothing to say. */
  async lookAround(): Promise<void> {
    for (const index of this.#gateways.keys()) {
      const watcher = await this.#at(`watcher-${index}`, index)
      for (const name of this.#names) await succeeds(this.#look(watcher, await this.#at(name, index)))
    }
  }

  /** Ends the watching, and checks what was told. */
  async findings(window: Window): Promise<readonly PresenceFinding[]> {
    await this[Symbol.asyncDispose]()
    return checkPresence(this.recorder, window)
  }

  /** How much there was to check. */
  summary(): string {
    const { activities, watchedStates: sights, queriedStates: looks, faults } = this.recorder
    return `${activities.length} activities, ${sights.length} sights, ${looks.length} looks, ${faults.length} faults`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort()
    await Promise.all(this.#running)
  }

  async #look(watcher: Person, person: Person): Promise<void> {
    const from = Date.now()
    const seen = await queryPresence(watcher, person)
    if (seen !== null) this.recorder.recordQuery(watcher.name, from, toState(seen))
  }

  /** Subscribes, and again at the next gateway whenever one is lost: what one then believed holds no longer. */
  async #watch(name: string, first: number): Promise<void> {
    const { signal } = this.#over
    for (let turn = first; !signal.aborted; turn += 1) {
      const person = await this.#at(name, turn)
      const { record, end } = this.recorder.startSubscription(name)
      await succeeds(this.#subscribe(person, record))
      end()
      await pause(RETRY_MS, signal)
    }
  }

  /** One connection that does not come back by itself. */
  async #subscribe({ url, token }: Person, record: (state: PresenceState) => void): Promise<void> {
    const { signal } = this.#over
    const client = createClient({
      url: url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${token}` },
      retryAttempts: 0,
    })
    const end = (): void => client.terminate()
    signal.addEventListener('abort', end)
    try {
      const variables = { userIds: this.recorder.people }
      for await (const { data } of client.iterate<{ presence: PresenceData }>({
        query: PRESENCE_SUBSCRIPTION,
        variables,
      })) {
        if (data) record(toState(data.presence))
      }
    } finally {
      signal.removeEventListener('abort', end)
      end()
    }
  }

  async #at(name: string, gateway: number): Promise<Person> {
    const { url } = this.#gateways[gateway % this.#gateways.length] as Address
    return new Person({ url, name, token: await issueToken(TEST_SECRET, { subject: name, name }) })
  }

  async #signIn(name: string, gateway: number): Promise<Person> {
    const person = await this.#at(name, gateway)
    await person.run('{ viewer { id } }')
    return person
  }
}

/** Prints what was checked, and fails with a summary and the first findings, if there are any. */
export async function expectRight(crowd: PresenceCrowd, name: string, window: Window): Promise<void> {
  const findings = await crowd.findings(window)
  process.stdout.write(`${name}: ${crowd.summary()}\n`)
  const rules = Map.groupBy(findings, ({ rule }) => rule)
  expect([...rules].map(([rule, some]) => `${some.length} × ${rule}, first: ${some[0]?.text ?? ''}`)).toEqual(
    [],
  )
}

function toState({ user, online, lastSeenAt }: PresenceData): PresenceState {
  return { person: user.id, online, lastSeenAt: lastSeenAt === null ? null : Date.parse(lastSeenAt) }
}

/** Whether it was answered as it should be; a gateway that is dead, or just dying, does not. */
async function succeeds(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  )
}
