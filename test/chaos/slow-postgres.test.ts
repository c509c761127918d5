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
const SENDERS = 4

type Attempt = Readonly<{ tookMs: number; error: string | undefined }>

/** Sends through the first gateway, whose connections to PostgreSQL are affected. Each send is tried once. */
class Senders {
  readonly attempts: Attempt[] = []
  readonly #sender: Person
  readonly #chat: string

  private constructor(sender: Person, chat: string) {
    this.#sender = sender
    this.#chat = chat
  }

  /** The sender has no part in the record that the scene verifies. */
  static async start({ gateways }: Scene): Promise<Senders> {
    const name = 'erin'
    const token = await issueToken(TEST_SECRET, { subject: name, name })
    const sender = new Person({ url: gateways[0]?.url ?? '', name, token })
    return new Senders(sender, await sender.createGroup([]))
  }

  async attempt(): Promise<void> {
    const from = performance.now()
    const error = await this.#sender.trySend(this.#chat, 'slow', randomUUID()).then(() => undefined, String)
    this.attempts.push({ tookMs: performance.now() - from, error })
  }

  async sendFor(ms: number): Promise<void> {
    const until = performance.now() + ms
    const one = async (): Promise<void> => {
      while (performance.now() < until) await this.attempt()
    }
    await Promise.all(Array.from({ length: SENDERS }, one))
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
