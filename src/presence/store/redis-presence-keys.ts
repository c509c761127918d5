import type { UserId } from '../../ids.ts'
import { fnv1a } from '../../lib/hash-ring.ts'

/**
 * Users are spread over this many shards. All keys of a shard are in one slot of a Redis Cluster, so that a script
 * reads and changes them atomically. Each shard is swept by one gateway at a time, not always by the same one.
 */
const SHARDS = 16

/** The number of a shard. */
export type Shard = number

export const ALL_SHARDS: readonly Shard[] = Array.from({ length: SHARDS }, (_, shard) => shard)

export function shardOf(userId: UserId): Shard {
  return fnv1a(userId) % SHARDS
}

/** The keys of one shard. The names of keys and fields must stay: gateways of different versions share them. */
export const shardKeys = {
  /** The shard's logical time, when it was created, and which gateway sweeps it until when. */
  clock: (shard: Shard): string => `parley:{presence:${shard}}:clock`,
  /** Users by last activity, in the shard's time. */
  online: (shard: Shard): string => `parley:{presence:${shard}}:online`,
  /** When users were last active, in milliseconds of the server's clock. */
  seen: (shard: Shard): string => `parley:{presence:${shard}}:seen`,
  /** Users by when their last activity is to be saved, in the shard's time. */
  due: (shard: Shard): string => `parley:{presence:${shard}}:due`,
  /** Users by when their grace periods end, in the shard's time. */
  graceEnds: (shard: Shard): string => `parley:{presence:${shard}}:excused`,
}

/** The gateways that watch a user, each with the end of its watch in the shard's time. */
export function watchersKey(userId: UserId): string {
  return `parley:{presence:${shardOf(userId)}}:watchers:${userId}`
}
