import { expect, test } from 'vitest'
import { pause } from '../../src/lib/async.ts'
import { type Scene, startScene } from './scene.ts'

type Connection = 'toRedis' | 'toPostgres'
type Fault = 'cut' | 'blackhole'

const FAULTS: readonly (readonly [Connection, Fault, number])[] = [
  ['toRedis', 'cut', 2_000],
  ['toRedis', 'blackhole', 5_000],
  ['toPostgres', 'cut', 2_000],
  ['toPostgres', 'blackhole', 5_000],
]

/** Sends through the other gateways are acknowledged during the fault. */
async function expectSendsGoOn(scene: Scene): Promise<void> {
  const before = scene.acknowledgedCount()
  await pause(500)
  expect(scene.acknowledgedCount()).toBeGreaterThan(before)
}

test.for(FAULTS)(
  'loses nothing when one gateway loses its connection %s (%s for %i ms)',
  { timeout: 90_000 },
  async (fault) => {
    const [connection, kind, ms] = fault
    await using scene = await startScene(2)
    scene[connection][kind]()
    await pause(ms - 500)
    await expectSendsGoOn(scene)
    scene[connection].restore()
    await scene.healed()
    await scene.verify(`${kind} ${connection} for ${ms / 1000} s`)
  },
)
