import { expect, test } from 'vitest'
import { pause } from '../../src/lib/async.ts'
import { startScene } from './scene.ts'

/** The bound of invariant I2. */
const HEALING_MS = 5_000
/** Six users are connected, with two devices each. The other members are offline. */
const TALK = { people: ['alice', 'bob', 'carol', 'dave', 'erin', 'frank'], groupSizes: [3, 50, 500] }
/** The number of rounds. */
const ROUNDS = process.env['CHAOS'] === 'long' ? 20 : 1

test(
  'loses, repeats and reorders nothing in groups of 3, 50 and 500 while gateways and Redis die',
  { timeout: 30_000 + ROUNDS * 30_000 },
  async () => {
    await using scene = await startScene(3, { talk: TALK })
    for (let round = 0; round < ROUNDS; round += 1) {
      const victim = scene.gateways[round % scene.gateways.length]
      await victim?.kill()
      await scene.healed(HEALING_MS)
      await victim?.start()

      await scene.redis.kill()
      const before = scene.acknowledgedCount()
      await pause(1_000)
      expect(scene.acknowledgedCount()).toBeGreaterThan(before)
      await scene.redis.start()
      await scene.healed(HEALING_MS)
    }
    await scene.redis.kill()
    await scene.gateways[1]?.kill()
    await scene.healed(HEALING_MS)
    await Promise.all([scene.redis.start(), scene.gateways[1]?.start()])
    await scene.healed(HEALING_MS)
    await scene.verify(`groups of ${TALK.groupSizes.join(', ')}`)
  },
)
