import type { RedisCommand } from '../../redis/redis-command.ts'
import type { RedisConnection } from '../../redis/redis-connection.ts'
import type { GatewayId, UserId } from '../../ids.ts'
import {
  type Activity,
  type GracePeriod,
  type PresenceStore,
  SAVE_EVERY_MS,
  type SweepResult,
  type WatchedEdge,
} from './presence-store.ts'
import {
  activeWatchers,
  entriesOf,
  listOf,
  pairsOf,
  type Reply,
  toLastSeen,
  toState,
  toWatchedEdge,
} from './redis-presence-replies.ts'
import { ALL_SHARDS, type Shard, shardKeys, shardOf, watchersKey } from './redis-presence-keys.ts'
import {
  CONFIRM_EXPIRED,
  GRANT_GRACE_PERIODS,
  LOOK_UP,
  MARK_SAVED,
  RECORD_ACTIVITY,
  RELEASE_LEASE,
  SWEEP,
  WATCH,
} from './redis-presence-scripts.ts'
import type { PresenceState } from '../../events/presence-state.ts'

type Dependencies = Readonly<{
  connection: Pick<RedisConnection, 'send'>
  gatewayId: GatewayId
  windowMs: number
}>

const MICROS_PER_MS = 1_000
/** How long a gateway sweeps a shard alone, in microseconds. Renewed four times a second, so one sweep may be late. */
const SWEEP_LEASE = 600 * MICROS_PER_MS
/** The most users of one shard in one sweep. There are 16 shards and four sweeps a second. */
const MAX_SWEPT = 500
/**
 * For how long after its creation a shard calls no user offline, in milliseconds. Gateways replay their activities
 * within half a second after Redis lost its data.
 */
const UNSURE_MS = 2_000
/** For how long a gateway is registered as a watcher, in microseconds. */
const WATCH_FOR = 600_000 * MICROS_PER_MS

/**
 * The presence store for gateways in several processes. All times are Redis' own, because the clocks of gateways
 * differ. A command works on one shard of the users, see redis-presence-keys.ts. Commands for several shards go out in
 * one round trip.
 */
export function createRedisPresenceStore({ connection, gatewayId, windowMs }: Dependencies): PresenceStore {
  const window = windowMs * MICROS_PER_MS
  const unsureFor = Math.min(UNSURE_MS, windowMs) * MICROS_PER_MS
  /** When each shard was created, as last read. A different value means that its data was lost in between. */
  const createdAt = new Map<Shard, string>()

  /** Sends one command per shard. Returns the users of each shard with the reply. */
  async function forEachShard<Item extends Readonly<{ userId: UserId }>>(
    items: readonly Item[],
    commandFor: (shard: Shard, items: readonly Item[]) => RedisCommand,
  ): Promise<readonly (readonly [items: readonly Item[], reply: Reply])[]> {
    const groups = [...Map.groupBy(items, ({ userId }) => shardOf(userId))]
    const replies = await connection.send(groups.map(([shard, some]) => commandFor(shard, some)))
    return groups.map(([, some], index) => [some, listOf(replies[index])])
  }

  async function readStates(
    userIds: readonly UserId[],
    commandFor: (shard: Shard, userIds: readonly UserId[]) => RedisCommand,
  ): Promise<readonly PresenceState[]> {
    const items = [...new Set(userIds)].map((userId) => ({ userId }))
    const replies = await forEachShard(items, (shard, some) => commandFor(shard, some.map(idOf)))
    return replies.flatMap(([some, [asOf, ...fields]]) =>
      some.map(({ userId }, index) => {
        const [flag, seen] = fields.slice(2 * index)
        return toState([userId, seen], flag, asOf)
      }),
    )
  }

  async function withWatchers(edges: readonly WatchedEdge['edge'][]): Promise<readonly WatchedEdge[]> {
    if (edges.length === 0) return []
    const replies = await connection.send(edges.map(({ userId }) => ['hgetall', watchersKey(userId)]))
    return edges.map((edge, index) => {
      return { edge, watchers: activeWatchers(entriesOf(replies[index]), edge.asOf) }
    })
  }

  /** Returns whether the shard was created anew since the last call. */
  function isRecreated(shard: Shard, born: string): boolean {
    const known = createdAt.get(shard)
    createdAt.set(shard, born)
    return known !== undefined && known !== born
  }

  async function sweep(): Promise<SweepResult> {
    const args = [window, SWEEP_LEASE, gatewayId, MAX_SWEPT]
    const keys = (shard: Shard): string[] => [
      ...baseKeys(shard),
      shardKeys.due(shard),
      shardKeys.graceEnds(shard),
    ]
    const replies = await connection.send(ALL_SHARDS.map((shard) => evaluate(SWEEP, keys(shard), args)))
    const shards = replies.map(listOf)
    const recreated = shards.filter(([born], shard) => isRecreated(shard, String(born)))
    const expired = shards.flatMap(([, asOf, offline, inGracePeriod]) => [
      ...pairsOf(offline).map((user) => toState(user, '0', asOf)),
      ...pairsOf(inGracePeriod).map((user) => toState(user, '?', asOf)),
    ])
    const unsaved = shards.flatMap(([, , , , due]) => pairsOf(due).flatMap(toLastSeen))
    return { hasLostState: recreated.length > 0, expired: await withWatchers(expired), unsaved }
  }

  return {
    async recordActivity(activities) {
      const replies = await forEachShard(activities, (shard, some) =>
        evaluate(
          RECORD_ACTIVITY,
          [...baseKeys(shard), shardKeys.due(shard), ...some.map(watchersKeyOf)],
          [window, SAVE_EVERY_MS * MICROS_PER_MS, ...some.flatMap(toArguments)],
        ),
      )
      return {
        cameOnline: replies.flatMap(([, [asOf, , ...users]]) =>
          users.map((user) => toWatchedEdge(listOf(user), '1', asOf)),
        ),
        lastSeen: replies.flatMap(([some, [, lastSeen]]) =>
          listOf(lastSeen).flatMap((seen, index) => toLastSeen([some[index]?.userId ?? '', String(seen)])),
        ),
      }
    },
    async grantGracePeriods(gracePeriods) {
      const replies = await forEachShard(gracePeriods, (shard, some) =>
        evaluate(
          GRANT_GRACE_PERIODS,
          [...readKeys(shard), ...some.map(watchersKeyOf)],
          [window, ...some.flatMap(({ userId, forMs }: GracePeriod) => [userId, toMicros(forMs)])],
        ),
      )
      return replies.flatMap(([, [asOf, ...unknown]]) =>
        unknown.map((user) => toWatchedEdge(listOf(user), '?', asOf)),
      )
    },
    lookUp: (userIds) =>
      readStates(userIds, (shard, some) => evaluate(LOOK_UP, readKeys(shard), [window, unsureFor, ...some])),
    watch: (userIds) =>
      readStates(userIds, (shard, some) =>
        evaluate(
          WATCH,
          [...readKeys(shard), ...some.map(watchersKey)],
          [window, unsureFor, gatewayId, WATCH_FOR, ...some],
        ),
      ),
    async unwatch(userIds) {
      await connection.send(userIds.map((userId) => ['hdel', watchersKey(userId), gatewayId]))
    },
    sweep,
    async confirmExpired(edges) {
      await forEachShard(edges, (shard, some) =>
        evaluate(
          CONFIRM_EXPIRED,
          [shardKeys.online(shard), shardKeys.due(shard), shardKeys.graceEnds(shard)],
          some.flatMap(({ userId, asOf }) => [userId, asOf - window, asOf]),
        ),
      )
    },
    async markSaved(saved) {
      await forEachShard(saved, (shard, some) =>
        evaluate(
          MARK_SAVED,
          [shardKeys.online(shard), shardKeys.seen(shard), shardKeys.due(shard)],
          some.flatMap(({ userId, lastSeenAt }) => [userId, lastSeenAt.getTime()]),
        ),
      )
    },
    async close() {
      const commands = ALL_SHARDS.map((shard) =>
        evaluate(RELEASE_LEASE, [shardKeys.clock(shard)], [gatewayId]),
      )
      await connection.send(commands)
      return []
    },
  }
}

function evaluate(script: string, keys: readonly string[], args: readonly (string | number)[]): RedisCommand {
  return ['eval', script, keys.length, ...keys, ...args]
}

function baseKeys(shard: Shard): string[] {
  return [shardKeys.clock(shard), shardKeys.online(shard), shardKeys.seen(shard)]
}

function readKeys(shard: Shard): string[] {
  return [...baseKeys(shard), shardKeys.graceEnds(shard)]
}

function watchersKeyOf({ userId }: Readonly<{ userId: UserId }>): string {
  return watchersKey(userId)
}

function idOf({ userId }: Readonly<{ userId: UserId }>): UserId {
  return userId
}

function toArguments({ userId, agoMs, lastSeenAt }: Activity): (string | number)[] {
  return [userId, toMicros(agoMs), lastSeenAt?.getTime() ?? 0]
}

function toMicros(ms: number): number {
  return Math.max(0, Math.round(ms * MICROS_PER_MS))
}
