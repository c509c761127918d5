import { expect, test } from 'vitest'
import { pause } from '../../src/lib/async.ts'
import { issueToken } from '../../src/auth/issue-token.ts'
import type { GatewayProcess } from '../harness/servers/gateway-process.ts'
import { Person } from '../harness/people/person.ts'
import { TEST_SECRET } from '../harness/servers/parley.ts'
import { type Scene, startScene } from './scene.ts'

/** CHAOS=long adds an outage of a minute. */
const OUTAGES_MS = process.env['CHAOS'] === 'long' ? [1_000, 10_000, 60_000] : [1_000, 10_000]

test.for(OUTAGES_MS)('loses nothing when Redis is dead for %i ms', { timeout: 150_000 }, async (ms) => {
  await using scene = await startScene(3)
  await scene.redis.kill()
  const before = scene.acknowledgedCount()
  await pause(ms)
  expect(scene.acknowledgedCount()).toBeGreaterThan(before)
  await scene.redis.start()
  await scene.healed(5_000)
  await scene.verify(`Redis dead for ${ms / 1000} s`)
})

test('loses nothing when Redis is flushed repeatedly', { timeout: 60_000 }, async () => {
  await using scene = await startScene(3)
  for (let round = 0; round < 5; round += 1) {
    await scene.redis.flush()
    await scene.healed(5_000)
  }
  await scene.verify('FLUSHALL, 5 times')
})

test('loses nothing when Redis disconnects its subscribers repeatedly', { timeout: 60_000 }, async () => {
  await using scene = await startScene(3)
  for (let round = 0; round < 20; round += 1) {
    expect(await scene.redis.command('client', 'kill', 'type', 'pubsub')).not.toBe(0)
    await scene.healed(5_000)
  }
  await scene.verify('subscribers disconnected, 60 connections')
})

test('loses nothing when Redis hangs for five seconds', { timeout: 60_000 }, async () => {
  await using scene = await startScene(3)
  scene.redis.pause()
  await pause(5_000)
  scene.redis.resume()
  await scene.healed(5_000)
  await scene.verify('Redis hung for 5 s')
})

/** The ids of the connections that gateways subscribe on. */
async function subscriberIds({ redis }: Scene): Promise<readonly (string | undefined)[]> {
  const clients = String(await redis.command('client', 'list', 'type', 'pubsub'))
  return [...clients.matchAll(/\bid=(\d+)/g)].map(([, id]) => id)
}

/** A message that is larger than the limit fills the buffer at once, however fast the subscriber reads. */
const OVERRUNS = [
  ['of every subscriber, again and again', 0],
  ['of a gateway that is frozen', 1_500],
  ['of a gateway that is frozen until its connection counts as dead', 4_000],
] as const

test.for(OVERRUNS)(
  'loses nothing when the output buffer %s overruns',
  { timeout: 60_000 },
  async ([, frozenMs]) => {
    await using scene = await startScene(3)
    const channels = (await scene.redis.command('pubsub', 'channels')) as readonly string[]
    const before = await subscriberIds(scene)
    expect(before).toHaveLength(3)
    await scene.redis.command('config', 'set', 'client-output-buffer-limit', 'pubsub 100kb 0 0')
    if (frozenMs > 0) scene.toRedis.freeze()
    const overrunUntil = performance.now() + Math.max(frozenMs, 3_000)
    while (performance.now() < overrunUntil) {
      for (const channel of channels) await scene.redis.command('publish', channel, 'x'.repeat(400_000))
    }
    expect((await subscriberIds(scene)).filter((id) => before.includes(id))).toEqual([])
    // Without further events, only the resync can find what was lost.
    await scene.load.stopSending()
    scene.toRedis.restore()
    await scene.load.measureRecovery(5_000)
    await scene.verify('output buffers overrun')
  },
)

/** The longest message: 8,192 characters of four bytes. A few hundred fill the buffers of the kernel as well. */
const LONGEST = '👋'.repeat(8_192)
const FLOOD = 400

test(
  'events that Redis drops for a frozen gateway are delivered as soon as it thaws',
  { timeout: 120_000 },
  async () => {
    await using scene = await startScene(2)
    const [frozen, other] = scene.gateways
    if (frozen === undefined || other === undefined) throw new Error('The scene has two gateways.')
    const personAt = async ({ url }: GatewayProcess, name: string): Promise<Person> =>
      new Person({ url, name, token: await issueToken(TEST_SECRET, { subject: name, name }) })
    await using erin = await personAt(frozen, 'erin')
    await using frank = await personAt(other, 'frank')
    await erin.run('{ viewer { id } }')
    const chatId = await frank.createGroup([erin])
    using inbox = erin.inbox('frozen')
    await inbox.caughtUp()
    const before = await subscriberIds(scene)
    await scene.redis.command('config', 'set', 'client-output-buffer-limit', 'pubsub 256kb 0 0')

    frozen.pause()
    const sent = Array.from({ length: FLOOD }, (_, index) => `${index} ${LONGEST.slice(16)}`)
    // Faster than the lease of the frozen gateway ends, after which nothing is published to it.
    for (let from = 0; from < FLOOD; from += 20)
      await Promise.all(sent.slice(from, from + 20).map((body) => frank.send(chatId, body)))
    // Redis has cut the connection of the frozen gateway, and its last events are not in any buffer.
    expect((await subscriberIds(scene)).filter((id) => before.includes(id))).toHaveLength(1)
    // Without further events, only the resync can find what was lost.
    await scene.load.stopSending()
    frozen.resume()
    const thawedAt = performance.now()
    await inbox.reaches(chatId, FLOOD + 1, 5_000)
    process.stdout.write(
      `frozen gateway: complete ${Math.round(performance.now() - thawedAt)} ms after the thaw\n`,
    )
    expect(new Set(inbox.bodies(chatId))).toEqual(new Set(sent))
    // The chat's first event came before the inbox was open.
    expect(inbox.seqs(chatId)).toEqual(sent.map((_, index) => index + 2))
    await scene.load.measureRecovery(5_000)
    await scene.verify('output buffer of a frozen gateway overrun')
  },
)

const GARBAGE = [
  '',
  'garbage',
  '{}',
  '[]',
  'null',
  '{"v":1}',
  '{"v":999,"events":[]}',
  '\u0000\uffff',
  'x'.repeat(100_000),
]

test('loses nothing when the channels of all gateways receive garbage', { timeout: 60_000 }, async () => {
  await using scene = await startScene(3)
  const channels = (await scene.redis.command('pubsub', 'channels')) as readonly string[]
  expect(channels).toHaveLength(3)
  for (const channel of channels) {
    for (const garbage of GARBAGE) await scene.redis.command('publish', channel, garbage)
  }
  await scene.healed(5_000)
  await scene.verify('garbage on the bus')
})
