import { expect, test } from 'vitest'
import { pause } from '../../src/lib/async.ts'
import { type Scene, startScene } from './scene.ts'

type Line = 'toRedis' | 'toPostgres'
type Fault = 'cut' | 'blackhole'

const FAULTS: readonly (readonly [Line, Fault, number])[] = [
  ['toRedis', 'cut', 2_000],
  ['toRedis', 'blackhole', 5_000],
  ['toPostgres', 'cut', 2_000],
  ['toPostgres', 'blackhole', 5_000],
]

/** People get on with the rest of the gateways meanwhile: what they send is acknowledged. */
async function expectSendsGoOn(scene: Scene): Promise<void> {
  const before = scene.acknowledgedCount()
  await pause(500)
  expect(scene.acknowledgedCount()).toBeGreaterThan(before)
}

test.for(FAULTS)(
  'one gateway loses its line %s (%s for %i ms), and nobody misses anything',
  { timeout: 90_000 },
  async (fault) => {
    const [line, kind, ms] = fault
    await using scene = await startScene(2)
    scene[line][kind]()
    await pause(ms - 500)
    await expectSendsGoOn(scene)
    scene[line].restore()
    await scene.healed()
    await scene.verify(`${kind} ${line} for ${ms / 1000} s`)
  },
)
