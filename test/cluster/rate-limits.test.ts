import { expect, test } from 'vitest'
import { QUOTAS } from '../../src/quotas/quotas.ts'
import { startCluster } from '../harness/servers/cluster.ts'
import { START_DIRECT_CHAT } from '../harness/people/documents.ts'
import { Person } from '../harness/people/person.ts'

const { burst } = QUOTAS.group

/** Spends the quota for group changes until it is used up, or `most` times. Returns how often it succeeded. */
async function spend(person: Person, friend: Person, most: number): Promise<number> {
  for (let count = 0; count < most; count += 1) {
    const { errors } = await person.post(START_DIRECT_CHAT, { userId: friend.id })
    if (errors === undefined) continue
    expect(errors[0]?.extensions).toMatchObject({ code: 'RATE_LIMITED', retryable: true })
    return count
  }
  return most
}

const at = (url: string, { token, name }: Person): Person => new Person({ url, token, name })

test('spending at one gateway lowers the quota at the other, and without Redis each gateway keeps its own limits', async () => {
  await using cluster = await startCluster(2)
  const [one, other] = cluster.gateways
  if (one === undefined || other === undefined) throw new Error('Two gateways were asked for')
  const [alice, bob, carol] = [await one.person('alice'), await one.person('bob'), await one.person('carol')]
  await using aliceElsewhere = at(other.url, alice)
  await using carolElsewhere = at(other.url, carol)

  const here = await spend(alice, bob, 0.75 * burst)
  expect(here).toBe(0.75 * burst)
  await expect.poll(async () => cluster.redis.command('exists', 'parley:allowance:group:alice')).toBe(1)
  const there = await spend(aliceElsewhere, bob, burst)
  expect(here + there).toBeLessThan(1.75 * burst)
  expect(here + there).toBeGreaterThanOrEqual(burst)

  await cluster.redis.kill()
  for (const carols of [carol, carolElsewhere]) {
    const spent = await spend(carols, bob, 2 * burst)
    expect(spent).toBeGreaterThanOrEqual(burst)
    expect(spent).toBeLessThan(1.5 * burst)
  }
}, 60_000)
