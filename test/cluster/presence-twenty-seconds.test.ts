import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { issueToken } from '../../src/auth/issue-token.ts'
import { createTestDatabase } from '../harness/servers/database.ts'
import { type GatewayProcess, startGatewayProcess } from '../harness/servers/gateway-process.ts'
import { TEST_SECRET } from '../harness/servers/parley.ts'
import { Person } from '../harness/people/person.ts'
import { heartbeat, PresenceStream } from '../harness/people/presence-stream.ts'
import { startRedis } from '../harness/servers/redis.ts'

test(
  'a user goes offline after twenty seconds, even if their gateway, which also sweeps, was killed',
  { timeout: 60_000 },
  async () => {
    await using database = await createTestDatabase()
    await using redis = await startRedis()
    const options = { databaseUrl: database.url, redisUrl: redis.url }
    await using first = await startGatewayProcess(options)
    await using second = await startGatewayProcess(options)
    await using alice = await signedIn(second, 'alice')
    await using bob = await signedIn(first, 'bob')
    await alice.send(await alice.startChat(bob), 'Hello')
    using watch = new PresenceStream(alice, [bob])
    await watch.nextUpdate(bob, false)
    await heartbeat(bob)
    await watch.nextUpdate(bob, true)
    await delay(1_000)
    const { lastSeenAt } = await heartbeat(bob)
    await delay(10_000)
    await first.kill()
    const offline = await watch.nextUpdate(bob, false, 15_000)
    expect(Math.abs(offline.at - Date.parse(lastSeenAt ?? '') - 20_000)).toBeLessThan(1_000)
    expect(offline.lastSeenAt).toBe(lastSeenAt)
    expect(watch.onlineValues(bob).filter((known) => known !== null)).toEqual([false, true, false])
  },
)

async function signedIn({ url }: GatewayProcess, name: string): Promise<Person> {
  const person = new Person({ url, token: await issueToken(TEST_SECRET, { subject: name, name }), name })
  await person.run('{ viewer { id } }')
  return person
}
