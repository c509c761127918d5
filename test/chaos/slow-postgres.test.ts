import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { pause } from '../../src/lib/async.ts'
import { Person } from '../harness/people/person.ts'
import { type Scene, startScene } from './scene.ts'
import { issueToken } from '../../src/auth/issue-token.ts'
import { TEST_SECRET } from '../harness/servers/parley.ts'

/** The bound of invariant I10. */
const ANSWER_WITHIN_MS = 10_000
const SLOW_FOR_MS = 8_000
/**
 * Users at the pace of a conversation are not throttled, however overloaded the gateway is. So a machine that is busy
 * with other tests does not cause RATE_LIMITED.
 */
const SENDERS = 8
const INTERVAL_MS = 1_000

type Attempt = Readonly<{ tookMs: number; error: string | undefined }>

type Sender = Readonly<{ person: Person; chat: string }>

/** Users who send through the first gateway, whose connections to PostgreSQL are affected. Each send is tried once. */
class Senders {
  readonly attempts: Attempt[] = []
  readonly #senders: readonly Sender[]

  private constructor(senders: readonly Sender[]) {
    this.#senders = senders
  }

  /** The senders have no part in the record that the scene verifies. */
  static async start({ gateways }: Scene): Promise<Senders> {
    const startOne = async (name: string): Promise<Sender> => {
      const token = await issueToken(TEST_SECRET, { subject: name, name })
      const person = new Person({ url: gateways[0]?.url ?? '', name, token })
      return { person, chat: await person.createGroup([]) }
    }
    const names = Array.from({ length: SENDERS }, (_, index) => `erin-${index}`)
    return new Senders(await Promise.all(names.map(startOne)))
  }

  async attempt({ person, chat } = this.#first): Promise<void> {
    const from = performance.now()
    const error = await person.trySend(chat, 'slow', randomUUID()).then(() => undefined, String)
    this.attempts.push({ tookMs: performance.now() - from, error })
  }

  /** Each sends once a second, however long the sends before take. */
  async sendFor(ms: number): Promise<void> {
    const sends: Promise<void>[] = []
    for (const until = performance.now() + ms; performance.now() < until; await pause(INTERVAL_MS))
      sends.push(...this.#senders.map((sender) => this.attempt(sender)))
    await Promise.all(sends)
  }

  get #first(): Sender {
    const [first] = this.#senders
    if (first === undefined) throw new Error('There is no sender.')
    return first
  }

  get errors(): readonly string[] {
    return this.attempts.flatMap(({ error }) => error ?? [])
  }

  get slowestMs(): number {
    return Math.max(...this.attempts.map(({ tookMs }) => tookMs))
  }
}

test.each([250, 400])('a PostgreSQL that is %i ms away each way is used, however slow', async (ms) => {
  await using scene = await startScene(2)
  const senders = await Senders.start(scene)
  scene.toPostgres.delay(ms)
  await senders.sendFor(SLOW_FOR_MS)
  expect(senders.errors).toEqual([])
  expect(senders.slowestMs).toBeLessThan(ANSWER_WITHIN_MS)
  expect(scene.gateways[0]?.log.filter((line) => line.includes('primary'))).toEqual([])
  scene.toPostgres.delay(0)
  await scene.healed()
  await scene.verify(`PostgreSQL ${ms} ms away each way`)
})

test('sends succeed soon after a PostgreSQL that was frozen for ten seconds continues', async () => {
  await using scene = await startScene(2)
  const senders = await Senders.start(scene)
  scene.toPostgres.freeze()
  const sending = senders.sendFor(10_000)
  await pause(10_000)
  scene.toPostgres.restore()
  const from = performance.now()
  await expect.poll(() => senders.attempt().then(() => senders.attempts.at(-1)?.error)).toBe(undefined)
  process.stdout.write(`acknowledged ${Math.round(performance.now() - from)} ms after the thaw\n`)
  await sending
  expect(senders.slowestMs).toBeLessThan(ANSWER_WITHIN_MS)
  await scene.healed()
  await scene.verify('PostgreSQL frozen for 10 s')
})
