import type { RedisCommand, RedisConnection } from '../redis/redis-connection.ts'
import type { UserId } from '../ids.ts'
import { createBatcher } from '../lib/batcher.ts'
import type { Leases } from './redis-leases.ts'
import { stringsOf } from './redis-lookup.ts'
import { sessionsKey } from './redis-session-keys.ts'

/** Which people of this gateway are written down in Redis as being here, and how they stay so. */
export type Registrations = Readonly<{
  /** Resolves when it is written down; rejects when that failed: then it is `unwritten`. */
  add(userId: UserId): Promise<void>
  /** The same, the other way round. */
  remove(userId: UserId): Promise<void>
  size(): number
  /** Whether everything stands in Redis as it is here, as far as is known here. */
  isComplete(): boolean
  /** Takes it that nobody is written down any more. */
  forget(): void
  /** Writes down whoever is not. Never rejects; what fails is to be written down still. */
  complete(): Promise<void>
  /** Prolongs what is written down of the next few people, and clears away what dead gateways left of them. */
  refreshSome(): Promise<void>
  /** Removes everybody. */
  clear(): Promise<void>
}>

/**
 * At most this many people at a time, and a rest after each batch: 25,000 people a second, two commands each, however
 * many have to be registered at once, because Redis was emptied or because half of all people reconnect.
 */
const BATCH = { maxBatch: 250, restMs: 10, maxWaiting: 200_000 }

/** What is written down of a person lasts for so long, unless some gateway prolongs it. */
const TTL_SECONDS = 600
/** Everybody is prolonged once in so many calls of `refreshSome`, one a second: 10,000 people are 150 commands a second. */
const REFRESH_ROUNDS = 200

type Dependencies = Readonly<{
  connection: Pick<RedisConnection, 'send'>
  leases: Pick<Leases, 'current' | 'hasEnded'>
}>

/**
 * Batches write what is true when they are written, not what was asked for: attaching, detaching and attaching again
 * ends up right in whatever order answers and failures come.
 */
export function createRegistrations({ connection, leases }: Dependencies): Registrations {
  const people = new Set<UserId>()
  const unwritten = new Set<UserId>()
  const batcher = createBatcher<UserId, void>({ run: write, ...BATCH })
  let round: UserId[] = []

  async function write(userIds: readonly UserId[]): Promise<undefined[]> {
    const lease = leases.current()
    if (lease === undefined) throw new Error('This gateway holds no lease at present')
    await connection.send(userIds.flatMap((userId) => writing(userId, lease)))
    return userIds.map(() => undefined)
  }

  function writing(userId: UserId, lease: string): RedisCommand[] {
    const key = sessionsKey(userId)
    return people.has(userId) ? registering(key, lease) : [['srem', key, lease]]
  }

  async function submit(userId: UserId): Promise<void> {
    try {
      await batcher.submit(userId)
    } catch (error) {
      // Who has left need not be removed from under a lease that ends anyway.
      if (people.has(userId) || leases.current() !== undefined) unwritten.add(userId)
      throw error
    }
  }

  async function complete(): Promise<void> {
    const userIds = [...unwritten]
    unwritten.clear()
    await Promise.allSettled(userIds.map(submit))
  }

  function nextOfRound(): readonly UserId[] {
    if (round.length === 0) round = [...people]
    return round.splice(0, Math.ceil(people.size / REFRESH_ROUNDS)).filter((userId) => people.has(userId))
  }

  async function refreshSome(): Promise<void> {
    const lease = leases.current()
    const keys = nextOfRound().map(sessionsKey)
    if (lease === undefined || keys.length === 0) return
    const answers = await connection.send(
      keys.flatMap((key): RedisCommand[] => [...registering(key, lease), ['smembers', key]]),
    )
    const left = keys.flatMap((key, index): RedisCommand[] => {
      const ended = stringsOf(answers[index * 3 + 2]).filter(leases.hasEnded)
      return ended.length === 0 ? [] : [['srem', key, ...ended]]
    })
    if (left.length > 0) await connection.send(left)
  }

  return {
    async add(userId) {
      people.add(userId)
      await submit(userId)
    },
    async remove(userId) {
      people.delete(userId)
      await submit(userId)
    },
    size: () => people.size,
    isComplete: () => unwritten.size === 0,
    forget() {
      for (const userId of people) unwritten.add(userId)
    },
    complete,
    refreshSome,
    async clear() {
      const everybody = [...people]
      people.clear()
      await Promise.allSettled(everybody.map(submit))
    },
  }
}

function registering(key: string, lease: string): RedisCommand[] {
  return [
    ['sadd', key, lease],
    ['expire', key, TTL_SECONDS],
  ]
}
