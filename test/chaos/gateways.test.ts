import { expect, test } from 'vitest'
import { pause } from '../../src/lib/async.ts'
import type { GatewayProcess } from '../harness/servers/gateway-process.ts'
import { type Scene, startScene } from './scene.ts'

/** The bound of invariant I2. */
const HEALING_MS = 5_000

function gateway({ gateways }: Scene, number: number): GatewayProcess {
  return gateways[number % gateways.length] as GatewayProcess
}

test('loses, repeats and reorders nothing when gateways die twenty times', { timeout: 180_000 }, async () => {
  await using scene = await startScene(3)
  for (let round = 0; round < 20; round += 1) {
    await gateway(scene, round).kill()
    await scene.healed(HEALING_MS)
    await gateway(scene, round).start()
  }
  await scene.verify('SIGKILL of a gateway, 20 times')
})

test('loses nothing when a gateway freezes for five seconds', { timeout: 60_000 }, async () => {
  await using scene = await startScene(2)
  gateway(scene, 0).pause()
  await pause(5_000)
  gateway(scene, 0).resume()
  await scene.healed(HEALING_MS)
  await scene.verify('SIGSTOP of a gateway for 5 s')
})

test('loses nothing in a rolling restart, and every gateway exits with 0', { timeout: 120_000 }, async () => {
  await using scene = await startScene(3)
  for (const one of scene.gateways) {
    expect(await one.stop()).toBe(0)
    await one.start()
    await scene.healed(HEALING_MS)
  }
  await scene.verify('rolling SIGTERM')
})
