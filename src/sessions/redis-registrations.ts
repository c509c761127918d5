import type { UserId } from '../ids.ts'
import { createBatcher } from '../lib/batcher.ts'
import type { RedisCommand } from '../redis/redis-command.ts'
import type { RedisConnection } from '../redis/redis-connection.ts'
import { sessionsKey, stringsOf } from './redis-lookup.ts'

/** Writes the registrations of this gateway's users to Redis. */
export type RegistrationWriter = Readonly<{
  /** Registers or unregisters the user, by what is true when it is written. Rejects if that failed. */
  write(userId: UserId): Promise<void>
  /** Extends the registrations of the next few users, and removes those of gateways whose lease has ended. */
  refreshSome(): Promise<void>
}>

/**
 * A batch of at most 250 users and a rest after it, with two commands per user. This limits the load to 25,000 users a
 * second, also after Redis was emptied, or when half of all users reconnect.
 */
const BATCH = { maxBatch: 250, restMs: 10, maxWaiting: 200_000 }

/** A registration expires after this time unless a gateway extends it. */
const TTL_SECONDS = 600
/** All users are extended once in so many calls, one a second: 10,000 users are 150 commands a second. */
const REFRESH_ROUNDS = 200

type Dependencies = Readonly<{
  connection: Pick<RedisConnection, 'send'>
  users: ReadonlySet<UserId>
  /** The lease to register under, if there is a valid one. */
  currentLease(): string | undefined
  hasEnded(lease: string): boolean
}>

/**
 * A batch writes the present state of each user, not the one that was requested. So a user who registers, unregisters
 * and registers again ends up registered. The order of answers and failures does not matter.
 */
export function createRegistrationWriter(dependencies: Dependencies): RegistrationWriter {
  const { connection, users, currentLease, hasEnded } = dependencies
  const batcher = createBatcher<UserId, void>({ run: writeBatch, ...BATCH })
  let round: UserId[] = []

  async function writeBatch(userIds: readonly UserId[]): Promise<undefined[]> {
    const lease = currentLease()
    if (lease === undefined) throw new Error('This gateway has no valid lease')
    await connection.send(userIds.flatMap((userId) => commandsFor(userId, lease)))
    return userIds.map(() => undefined)
  }

  function commandsFor(userId: UserId, lease: string): RedisCommand[] {
    const key = sessionsKey(userId)
    return users.has(userId) ? registering(key, lease) : [['srem', key, lease]]
  }

  function nextOfRound(): readonly UserId[] {
    if (round.length === 0) round = [...users]
    return round.splice(0, Math.ceil(users.size / REFRESH_ROUNDS)).filter((userId) => users.has(userId))
  }

  return {
    write: batcher.submit,
    async refreshSome() {
      const lease = currentLease()
      const keys = nextOfRound().map(sessionsKey)
      if (lease === undefined || keys.length === 0) return
      const answers = await connection.send(
        keys.flatMap((key): RedisCommand[] => [...registering(key, lease), ['smembers', key]]),
      )
      const removals = keys.flatMap((key, index): RedisCommand[] => {
        const ended = stringsOf(answers[index * 3 + 2]).filter(hasEnded)
        return ended.length === 0 ? [] : [['srem', key, ...ended]]
      })
      if (removals.length > 0) await connection.send(removals)
    },
  }
}

function registering(key: string, lease: string): RedisCommand[] {
  return [
    ['sadd', key, lease],
    ['expire', key, TTL_SECONDS],
  ]
}
