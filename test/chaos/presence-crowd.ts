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

/** A gateway that may be down for a while. */
type Address = Readonly<{ url: string }>

/** The pause between two attempts to subscribe, in milliseconds. */
const RETRY_MS = 50

/** Active people, one watcher of all of them on every gateway, and a record of what happened. */
export class PresenceCrowd implements AsyncDisposable {
  readonly recorder: PresenceRecorder
  readonly #gateways: readonly Address[]
  readonly #names: readonly string[]
  readonly #stopping = new AbortController()
  #chat = ''
  #running: readonly Promise<void>[] = []

  private constructor(gateways: readonly Address[], names: readonly string[]) {
    this.recorder = new PresenceRecorder(names.map((name) => `user_${name}`))
    this.#gateways = gateways
    this.#names = names
  }

  /** Creates a group of these people and one watcher per gateway. The watchers subscribe at once. */
  static async start(gateways: readonly Address[], names: readonly string[]): Promise<PresenceCrowd> {
    const crowd = new PresenceCrowd(gateways, names)
    const watchers = await Promise.all(gateways.map((_, index) => crowd.#signIn(`watcher-${index}`, index)))
    const people = await Promise.all(names.map((name) => crowd.#signIn(name, 0)))
    const [founder] = watchers
    if (founder === undefined) throw new Error('PresenceCrowd needs at least one gateway')
    crowd.#chat = await founder.createGroup([...watchers.slice(1), ...people])
    await founder.send(crowd.#chat, 'Hello')
    crowd.#running = watchers.map((watcher, index) => crowd.#watch(watcher.name, index))
    return crowd
  }

  /** The person is active at a gateway. If the request fails, it may have counted or not. */
  async act(name: string, gateway: number): Promise<void> {
    const person = await this.#personAt(name, gateway)
    const finish = this.recorder.startActivity(person.id)
    finish(await succeeds(heartbeat(person)))
  }

  /** Sends requests of the person's app at all gateways in turn, without user activity, until the signal aborts. */
  async idle(name: string, signal: AbortSignal): Promise<void> {
    const delivered = { input: { positions: [{ chatId: this.#chat, seq: 1 }] } }
    for (let turn = 0; !signal.aborted; turn += 1) {
      const app = await this.#personAt(name, turn)
      await succeeds(heartbeat(app, false))
      await succeeds(app.post(MARK_DELIVERED, delivered))
      await succeeds(app.run('{ viewer { id } chats(first: 5) { edges { node { unreadCount } } } }'))
      await pause(250, signal)
    }
  }

  /** Records a fault. The promises must hold again `healMs` after it. */
  async during(fault: () => Promise<unknown>, healMs: number): Promise<void> {
    const finish = this.recorder.startFault()
    await fault()
    finish(healMs)
  }

  /** Queries all people at every gateway and records the states. Skips gateways that are down. */
  async queryAll(): Promise<void> {
    for (const index of this.#gateways.keys()) {
      const watcher = await this.#personAt(`watcher-${index}`, index)
      for (const name of this.#names) await succeeds(this.#query(watcher, await this.#personAt(name, index)))
    }
  }

  /** Ends the subscriptions, and checks the record. */
  async findings(window: Window): Promise<readonly PresenceFinding[]> {
    await this[Symbol.asyncDispose]()
    return checkPresence(this.recorder, window)
  }

  /** The size of the record. */
  summary(): string {
    const { activities, watchedStates, queriedStates, faults } = this.recorder
    const states = `${watchedStates.length} watched states, ${queriedStates.length} queried states`
    return `${activities.length} activities, ${states}, ${faults.length} faults`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort()
    await Promise.all(this.#running)
  }

  async #query(watcher: Person, person: Person): Promise<void> {
    const from = Date.now()
    const presence = await queryPresence(watcher, person)
    if (presence !== null) this.recorder.recordQuery(watcher.name, from, toState(presence))
  }

  /** Subscribes, and again at the next gateway whenever the subscription is lost. The states of a lost one are void. */
  async #watch(name: string, first: number): Promise<void> {
    const { signal } = this.#stopping
    for (let turn = first; !signal.aborted; turn += 1) {
      const person = await this.#personAt(name, turn)
      const { record, end } = this.recorder.startSubscription(name)
      await succeeds(this.#subscribe(person, record))
      end()
      await pause(RETRY_MS, signal)
    }
  }

  /** Subscribes with a connection that does not reconnect. */
  async #subscribe({ url, token }: Person, record: (state: PresenceState) => void): Promise<void> {
    const { signal } = this.#stopping
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

  async #personAt(name: string, gateway: number): Promise<Person> {
    const { url } = this.#gateways[gateway % this.#gateways.length] as Address
    return new Person({ url, name, token: await issueToken(TEST_SECRET, { subject: name, name }) })
  }

  async #signIn(name: string, gateway: number): Promise<Person> {
    const person = await this.#personAt(name, gateway)
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

/** Whether the request succeeds. Requests to a gateway that is down or going down fail. */
async function succeeds(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  )
}
