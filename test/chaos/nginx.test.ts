import { expect, test } from 'vitest'
import { createTestDatabase } from '../harness/servers/database.ts'
import { type GatewayProcess, startGatewayProcess } from '../harness/servers/gateway-process.ts'
import { type NginxOptions, startTestNginx } from '../harness/servers/nginx.ts'
import { startRedis } from '../harness/servers/redis.ts'
import { type Crowd, startCrowd } from './crowd.ts'

type Scene = Crowd & Readonly<{ gateways: readonly GatewayProcess[] }>

/** Three gateways behind nginx, and users who send through it. */
async function startScene(options?: NginxOptions): Promise<Scene> {
  await using resources = new AsyncDisposableStack()
  const database = resources.use(await createTestDatabase())
  const redis = resources.use(await startRedis())
  const at = { databaseUrl: database.url, redisUrl: redis.url }
  const start = async () => resources.use(await startGatewayProcess(at))
  const gateways = await Promise.all([start(), start(), start()])
  const nginx = resources.use(
    await startTestNginx(
      gateways.map(({ url }) => url),
      options,
    ),
  )
  const crowd = resources.use(await startCrowd({ urls: [nginx.url], databaseUrl: database.url, gateways }))
  const kept = resources.move()
  return { ...crowd, gateways, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

test('loses nothing when one gateway after the other dies behind nginx', { timeout: 90_000 }, async () => {
  await using scene = await startScene()
  for (const gateway of [...scene.gateways, ...scene.gateways]) {
    await gateway.kill()
    await scene.healed(5_000)
    await gateway.start()
  }
  await scene.verify('SIGKILL of gateways behind nginx, 6 times')
})

test(
  'loses nothing when a gateway freezes behind nginx: its users reconnect to others',
  { timeout: 90_000 },
  async () => {
    await using scene = await startScene({ idleSeconds: 14 })
    const [frozen] = scene.gateways
    frozen?.pause()
    await scene.healed(20_000)
    frozen?.resume()
    await scene.healed(5_000)
    await scene.verify('SIGSTOP of a gateway behind nginx')
  },
)

test('loses nothing in a rolling restart behind nginx', { timeout: 90_000 }, async () => {
  await using scene = await startScene()
  for (const gateway of scene.gateways) {
    expect(await gateway.stop()).toBe(0)
    await gateway.start()
    await scene.healed(5_000)
  }
  await scene.verify('rolling SIGTERM behind nginx')
})
