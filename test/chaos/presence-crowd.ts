import { expect } from 'vitest'
import { issueToken } from '../../src/auth/issue-token.ts'
import { aborted } from '../../src/lib/aborted.ts'
import { pause } from '../../src/lib/pause.ts'
import { TEST_SECRET } from '../harness/parley.ts'
import { Person } from '../harness/person.ts'
import {
  type Activity,
  checkPresence,
  type PresenceFinding,
  type PresenceHistory,
  type Sight,
  type Window,
} from '../harness/presence-checker.ts'
import { heartbeat, look, type PresenceData, PresenceWatch } from '../harness/presence.ts'

/** What is asked of a gateway that may be dead for a while. */
type Address = Readonly<{ url: string }>

/** People who do things, others who watch them from every gateway, and a record of all of it. */
export class PresenceCrowd implements AsyncDisposable {
  readonly #activities: Activity[] = []
  readonly #sights: Sight[] = []
  readonly #faults: { from: number; until: number }[] = []
  readonly #gateways: readonly Address[]
  readonly #names: readonly string[]
  readonly #over = new AbortController()
  #running: readonly Promise<void>[] = []

  private constructor(gateways: readonly Address[], names: readonly string[]) {
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
    await founder.send(await founder.createGroup([...watchers, ...people]), 'Hello')
    crowd.#running = watchers.map((watcher) => crowd.#watch(watcher, people))
    return crowd
  }

  /** The person does something at a gateway. Where that fails, it may have counted or not. */
  async act(name: string, gateway: number): Promise<void> {
    const from = Date.now()
    const isCertain = await succeeds(heartbeat(await this.#at(name, gateway)))
    this.#activities.push({ person: `user_${name}`, from, until: Date.now(), isCertain })
  }

  /** Their app goes on by itself, at all gateways in turn, until the signal. */
  async idle(name: string, signal: AbortSignal): Promise<void> {
    for (let turn = 0; !signal.aborted; turn += 1) {
      const app = await this.#at(name, turn)
      await succeeds(heartbeat(app, false))
      await succeeds(app.run('{ viewer { id } chats(first: 5) { edges { node { unreadCount } } } }'))
      await pause(250, signal)
    }
  }

  /** Breaks something and mends it; `healMs` later, all has to be as ever. */
  async during(fault: () => Promise<unknown>, healMs: number): Promise<void> {
    const noted = { from: Date.now(), until: Infinity }
    this.#faults.push(noted)
    await fault()
    noted.until = Date.now() + healMs
  }

  /** What everybody sees of everybody when it is asked for, noted like what was told. */
  async lookAround(): Promise<void> {
    for (const index of this.#gateways.keys()) {
      const watcher = await this.#at(`watcher-${index}`, index)
      for (const name of this.#names) {
        const seen = await look(watcher, await this.#at(name, index))
        if (seen !== null) this.#note(watcher, { ...seen, at: Date.now() })
      }
    }
  }

  /** Ends the watching, and checks what was told. */
  async findings(window: Window): Promise<readonly PresenceFinding[]> {
    await this[Symbol.asyncDispose]()
    return checkPresence(this.#history(), window)
  }

  /** How much there was to check. */
  summary(): string {
    return `${this.#activities.length} activities, ${this.#sights.length} sights, ${this.#faults.length} faults`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort()
    await Promise.all(this.#running)
  }

  #history(): PresenceHistory {
    const sights = this.#sights.toSorted((a, b) => a.at - b.at)
    return { activities: this.#activities, sights, faults: this.#faults, endedAt: Date.now() }
  }

  /** Subscribes, and again whenever the gateway came back. */
  async #watch(watcher: Person, people: readonly Person[]): Promise<void> {
    const { signal } = this.#over
    while (!signal.aborted) {
      using watch = new PresenceWatch(watcher, people)
      await Promise.race([watch.ended, aborted(signal)])
      for (const told of watch.told.all) this.#note(watcher, told)
      await pause(50, signal)
    }
    await watcher[Symbol.asyncDispose]()
  }

  #note({ name }: Person, { user, online, lastSeenAt, at }: PresenceData & Readonly<{ at: number }>): void {
    const seen = lastSeenAt === null ? null : Date.parse(lastSeenAt)
    this.#sights.push({ watcher: name, person: user.id, at, online, lastSeenAt: seen })
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

/** Prints what was checked, and fails with the first findings, if there are any. */
export async function expectRight(crowd: PresenceCrowd, name: string, window: Window): Promise<void> {
  const findings = await crowd.findings(window)
  process.stdout.write(`${name}: ${crowd.summary()}\n`)
  expect(findings.slice(0, 5)).toEqual([])
}

/** Whether it was answered as it should be; a gateway that is dead, or just dying, does not. */
async function succeeds(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  )
}
