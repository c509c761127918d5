import { expect, test } from 'vitest'
import { migrate } from '../../src/store/migrations/migrate.ts'
import { checkHistory } from '../harness/checkers/history-checker.ts'
import { type PostgresServer, startPrimary } from '../harness/servers/postgres-server.ts'
import { multiHostUrl } from '../harness/servers/multi-host-url.ts'
import { writerOf } from './crowd.ts'
import { type Scene, startScene } from './scene.ts'

/** Each round takes seconds. CHAOS=long runs the full number. */
const ROUNDS = process.env['CHAOS'] === 'long' ? 20 : 3

/** Two servers. The one that died returns as a standby of the other, on its own port. */
class Pair implements AsyncDisposable {
  primary: PostgresServer
  standby: PostgresServer
  readonly #all = new AsyncDisposableStack()

  constructor(primary: PostgresServer, standby: PostgresServer) {
    this.primary = this.#all.use(primary)
    this.standby = this.#all.use(standby)
  }

  get url(): string {
    return multiHostUrl([this.primary, this.standby])
  }

  /** Kills the primary and promotes the standby. Resolves with the time from which it accepts writes. */
  async failOver(): Promise<number> {
    await this.primary.kill()
    await this.standby.requireStandby(false)
    await this.standby.promote()
    return performance.now()
  }

  /** Restarts the former primary as a synchronous standby. */
  async recover(): Promise<void> {
    const { port } = this.primary
    await this.primary[Symbol.asyncDispose]()
    this.primary = this.standby
    this.standby = this.#all.use(await this.primary.startStandby(port))
    await this.primary.requireStandby()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#all.disposeAsync()
  }
}

async function startPair({ isSynchronous }: { isSynchronous: boolean }): Promise<Pair> {
  const primary = await startPrimary()
  await migrate({ url: primary.url })
  const pair = new Pair(primary, await primary.startStandby())
  if (isSynchronous) await primary.requireStandby()
  return pair
}

/** The time from `from` until a send that begins now is acknowledged, in milliseconds. */
async function acknowledgedAfter({ load }: Scene, from: number): Promise<number> {
  const [chat = ''] = load.chats
  await load.send('alice', chat)
  return performance.now() - from
}

test(
  `loses nothing when the primary dies ${ROUNDS} times under load and its synchronous standby takes over`,
  { timeout: 60_000 + ROUNDS * 20_000 },
  async () => {
    await using pair = await startPair({ isSynchronous: true })
    await using scene = await startScene(2, { severalHosts: pair.url })
    const recoveries: number[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      recoveries.push(await acknowledgedAfter(scene, await pair.failOver()))
      await scene.healed(10_000)
      await pair.recover()
      await scene.healed(10_000)
    }
    const times = recoveries.map((ms) => Math.round(ms)).join(', ')
    process.stdout.write(`sends acknowledged again, in ms after the promotion: ${times}\n`)
    await scene.verify(`SIGKILL of the primary, ${ROUNDS} times`)
    expect(Math.max(...recoveries)).toBeLessThan(2_000)
  },
)

test(
  'the checker detects the loss when an asynchronous standby that is behind takes over',
  { timeout: 60_000 },
  async () => {
    await using pair = await startPair({ isSynchronous: false })
    await using scene = await startScene(2, { severalHosts: pair.url })
    await scene.load.stopSending()
    await scene.load.measureRecovery()
    await pair.standby.stopReceiving()
    for (const chat of scene.load.chats) await scene.load.send(writerOf(scene.load, chat), chat)
    await pair.primary.kill()
    await pair.standby.promote()
    await scene.load.drain()
    const rules = new Set(checkHistory(scene.load.recorder).map(({ rule }) => rule))
    expect(rules).toContain('unexpected')
  },
)
