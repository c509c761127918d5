import type { RedisCommand, RedisConnection } from '../../redis/redis-connection.ts'
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
  type Answer,
  entriesOf,
  listOf,
  pairsOf,
  toLastSeen,
  toSighting,
  toWatchedEdge,
  watchersIn,
} from './redis-presence-replies.ts'
import { ALL_SHARDS, type Shard, shardKeys, shardOf, watchersKey } from './redis-presence-keys.ts'
import { EXCUSE, LEAVE, LOOK_UP, SAVED, SETTLE, SWEEP, TOUCH, WATCH } from './redis-presence-scripts.ts'
import type { PresenceState } from '../../events/presence-state.ts'

type Dependencies = Readonly<{
  connection: Pick<RedisConnection, 'send'>
  gatewayId: GatewayId
  windowMs: number
}>

const MICROS = 1_000
/** A gateway that did not sweep for so long has lost its turn: renewed four times a second, it survives one delay. */
const SWEEP_LEASE = 600 * MICROS
/** Of one part at one sweep; 16 parts, four times a second. */
const MAX_SWEPT = 500
/** So long after it was emptied a part is not sure of who is not online: gateways tell it again within half a second. */
const GRACE_MS = 2_000
const WATCH_FOR = 600_000 * MICROS

/**
 * The store of gateways in several processes. Time is Redis' own: gateways' clocks never meet. A command concerns one
 * part of the people, see redis-presence-keys.ts; whatever concerns several goes out in one round trip.
 */
export function createRedisPresenceStore({ connection, gatewayId, windowMs }: Dependencies): PresenceStore {
  const window = windowMs * MICROS
  const grace = Math.min(GRACE_MS, windowMs) * MICROS
  /** When each part was born, as last heard: another birth means that all was lost in between. */
  const births = new Map<Shard, string>()

  /** One command for each part concerned; answers with each part's people beside its answer. */
  async function forEachShard<Item extends Readonly<{ userId: UserId }>>(
    items: readonly Item[],
    commandFor: (shard: Shard, items: readonly Item[]) => RedisCommand,
  ): Promise<readonly (readonly [items: readonly Item[], answer: Answer])[]> {
    const groups = [...Map.groupBy(items, ({ userId }) => shardOf(userId))]
    const answers = await connection.send(groups.map(([shard, some]) => commandFor(shard, some)))
    return groups.map(([, some], index) => [some, listOf(answers[index])])
  }

  async function look(
    userIds: readonly UserId[],
    commandFor: (shard: Shard, userIds: readonly UserId[]) => RedisCommand,
  ): Promise<readonly PresenceState[]> {
    const items = [...new Set(userIds)].map((userId) => ({ userId }))
    const answers = await forEachShard(items, (shard, some) => commandFor(shard, some.map(idOf)))
    return answers.flatMap(([some, [asOf, ...fields]]) =>
      some.map(({ userId }, index) => {
        const [flag, seen] = fields.slice(2 * index)
        return toSighting([userId, seen], flag, asOf)
      }),
    )
  }

  /** Who ran out in one part, with their watchers. */
  async function withWatchers(edges: readonly WatchedEdge['edge'][]): Promise<readonly WatchedEdge[]> {
    if (edges.length === 0) return []
    const answers = await connection.send(edges.map(({ userId }) => ['hgetall', watchersKey(userId)]))
    return edges.map((edge, index) => ({ edge, watchers: watchersIn(entriesOf(answers[index]), edge.asOf) }))
  }

  /** Whether the part was born again since it was last heard of. */
  function noteBirth(shard: Shard, birth: string): boolean {
    const known = births.get(shard)
    births.set(shard, birth)
    return known !== undefined && known !== birth
  }

  async function sweep(): Promise<SweepResult> {
    const args = [window, SWEEP_LEASE, gatewayId, MAX_SWEPT]
    const keys = (shard: Shard): string[] => [
      ...baseKeys(shard),
      shardKeys.due(shard),
      shardKeys.excused(shard),
    ]
    const answers = await connection.send(ALL_SHARDS.map((shard) => evaluate(SWEEP, keys(shard), args)))
    const parts = answers.map(listOf)
    const reborn = parts.filter(([birth], shard) => noteBirth(shard, String(birth)))
    const ranOut = parts.flatMap(([, asOf, offline, excused]) => [
      ...pairsOf(offline).map((one) => toSighting(one, '0', asOf)),
      ...pairsOf(excused).map((one) => toSighting(one, '?', asOf)),
    ])
    const unsaved = parts.flatMap(([, , , , due]) => pairsOf(due).flatMap(toLastSeen))
    return { hasLostState: reborn.length > 0, expired: await withWatchers(ranOut), unsaved }
  }

  return {
    async recordActivity(activities) {
      const answers = await forEachShard(activities, (shard, some) =>
        evaluate(
          TOUCH,
          [...baseKeys(shard), shardKeys.due(shard), ...some.map(watchersKeyOf)],
          [window, SAVE_EVERY_MS * MICROS, ...some.flatMap(toArguments)],
        ),
      )
      return {
        cameOnline: answers.flatMap(([, [asOf, , ...came]]) =>
          came.map((one) => toWatchedEdge(listOf(one), '1', asOf)),
        ),
        lastSeen: answers.flatMap(([some, [, shown]]) =>
          listOf(shown).flatMap((seen, index) => toLastSeen([some[index]?.userId ?? '', String(seen)])),
        ),
      }
    },
    async grantGracePeriods(excuses) {
      const answers = await forEachShard(excuses, (shard, some) =>
        evaluate(
          EXCUSE,
          [...lookKeys(shard), ...some.map(watchersKeyOf)],
          [window, ...some.flatMap(({ userId, forMs }: GracePeriod) => [userId, toMicros(forMs)])],
        ),
      )
      return answers.flatMap(([, [asOf, ...unknown]]) =>
        unknown.map((one) => toWatchedEdge(listOf(one), '?', asOf)),
      )
    },
    lookUp: (userIds) =>
      look(userIds, (shard, some) => evaluate(LOOK_UP, lookKeys(shard), [window, grace, ...some])),
    watch: (userIds) =>
      look(userIds, (shard, some) =>
        evaluate(
          WATCH,
          [...lookKeys(shard), ...some.map(watchersKey)],
          [window, grace, gatewayId, WATCH_FOR, ...some],
        ),
      ),
    async unwatch(userIds) {
      await connection.send(userIds.map((userId) => ['hdel', watchersKey(userId), gatewayId]))
    },
    sweep,
    async confirmExpired(edges) {
      await forEachShard(edges, (shard, some) =>
        evaluate(
          SETTLE,
          [shardKeys.online(shard), shardKeys.due(shard), shardKeys.excused(shard)],
          some.flatMap(({ userId, asOf }) => [userId, asOf - window, asOf]),
        ),
      )
    },
    async markSaved(seen) {
      await forEachShard(seen, (shard, some) =>
        evaluate(
          SAVED,
          [shardKeys.online(shard), shardKeys.seen(shard), shardKeys.due(shard)],
          some.flatMap(({ userId, lastSeenAt }) => [userId, lastSeenAt.getTime()]),
        ),
      )
    },
    async close() {
      await connection.send(ALL_SHARDS.map((shard) => evaluate(LEAVE, [shardKeys.clock(shard)], [gatewayId])))
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

function lookKeys(shard: Shard): string[] {
  return [...baseKeys(shard), shardKeys.excused(shard)]
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
  return Math.max(0, Math.round(ms * MICROS))
}
