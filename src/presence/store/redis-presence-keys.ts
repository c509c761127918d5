import type { UserId } from '../../ids.ts'
import { fnv1a } from '../../lib/hash-ring.ts'

/**
 * So many parts that people are spread over. Everything of one part is in one slot of a cluster, so that a script sees
 * and changes it as one; and each part is swept by one gateway at a time, not always the same for all.
 */
const SHARDS = 16

/** Part of the store, by number. */
export type Shard = number

export const ALL_SHARDS: readonly Shard[] = Array.from({ length: SHARDS }, (_, shard) => shard)

export function shardOf(userId: UserId): Shard {
  return fnv1a(userId) % SHARDS
}

/** The keys of one part. */
export const shardKeys = {
  /** The part's own time, its birth, and who sweeps it until when. */
  clock: (shard: Shard): string => `parley:{presence:${shard}}:clock`,
  /** People by last activity, in the part's time. */
  online: (shard: Shard): string => `parley:{presence:${shard}}:online`,
  /** When people were last active, in milliseconds of the server's clock. */
  seen: (shard: Shard): string => `parley:{presence:${shard}}:seen`,
  /** People by when their last activity is to be saved, in the part's time. */
  due: (shard: Shard): string => `parley:{presence:${shard}}:due`,
  /** People by when their excuses end, in the part's time. */
  excused: (shard: Shard): string => `parley:{presence:${shard}}:excused`,
}

/** The gateways that watch somebody, each with the moment when that ends, in the part's time. */
export function watchersKey(userId: UserId): string {
  return `parley:{presence:${shardOf(userId)}}:watchers:${userId}`
}
