import { expect, test } from 'vitest'
import { checkHistory } from '../harness/checkers/history-checker.ts'
import { writerOf } from './crowd.ts'
import { startPair } from './postgres-pair.ts'
import { type Scene, startScene } from './scene.ts'

/** Each round takes seconds. CHAOS=long runs the full number. */
const ROUNDS = process.env['CHAOS'] === 'long' ? 20 : 3

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
