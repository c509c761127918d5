import { LRUCache } from 'lru-cache'
import type { ChatId, GatewayId, UserId } from '../ids.ts'
import { createBatcher } from '../lib/batcher.ts'
import type { SessionRegistry } from './session-registry.ts'

/** The other gateways that serve the members of a chat. */
export type Route = Readonly<{
  /** The gateways of the last look-up. Publish to them at once. */
  gateways: ReadonlySet<GatewayId>
  /**
   * Resolves with the gateways that have come since, once they were looked up after the call of `find`. Publish to
   * them as well. Rejects if the look-up failed.
   */
  missed: Promise<ReadonlySet<GatewayId>>
}>

/** Finds the gateways that an event goes to, without a look-up for each event. */
export type Routes = Readonly<{
  /** Rejects if nothing is known about the chat and the look-up failed. */
  find(chatId: ChatId, userIds: readonly UserId[]): Promise<Route>
}>

type Dependencies = Readonly<{
  sessions: Pick<SessionRegistry, 'gatewaysOf'>
  /** Monotonic milliseconds. */
  elapsedMs(): number
}>

/** A chat whose route was used, and is to be checked. */
type Check = Readonly<{ chatId: ChatId; userIds: readonly UserId[]; known: Known }>
/** `confirmedAt`: when the chat had exactly these gateways. Later, one of them may serve no member any more. */
type Known = Readonly<{ gateways: ReadonlySet<GatewayId>; confirmedAt: number }>

const NONE: ReadonlySet<GatewayId> = new Set()
/** While checks are in progress, and for this long afterwards, the next ones gather. The first one waits for none. */
const CHECKS = { maxBatch: 1_000, maxWaiting: 100_000, restMs: 20 }
/** Each event of a chat may go to a gateway too many for this long. */
const EXACT_FOR_MS = 10_000
const MAX_CHATS = 50_000

/*
 * The gateways of a chat rarely change, but a remembered answer lacks the users who have come since, and nothing would
 * correct it. So the remembered answer decides where an event goes first, and a look-up after it finds what was missed.
 * The look-up begins after the event was committed. A stream registers before it reads the log, so the log or the
 * look-up has the event: the same guarantee as a look-up before the publish, without waiting for it.
 *
 * Look-ups of many events share a command. Chats with the same remembered gateways are looked up as one set of users.
 * If no other gateway serves any of them, none of these chats misses one. Otherwise each chat is looked up by itself.
 */
export function createRoutes({ sessions, elapsedMs }: Dependencies): Routes {
  const remembered = new LRUCache<ChatId, Known>({ max: MAX_CHATS })
  const checks = createBatcher<Check, ReadonlySet<GatewayId>>({ ...CHECKS, run: check })

  async function lookUp(chatId: ChatId, userIds: readonly UserId[]): Promise<ReadonlySet<GatewayId>> {
    const gateways = await sessions.gatewaysOf(userIds)
    remembered.set(chatId, { gateways, confirmedAt: elapsedMs() })
    return gateways
  }

  async function check(batch: readonly Check[]): Promise<readonly ReadonlySet<GatewayId>[]> {
    const isDue = ({ known }: Check): boolean => elapsedMs() - known.confirmedAt >= EXACT_FOR_MS
    const groups = Map.groupBy(batch, (one) => (isDue(one) ? one : keyOf(one.known.gateways)))
    const missed = new Map<Check, ReadonlySet<GatewayId>>()
    await Promise.all(
      [...groups.values()].map(async (group) => {
        if (group.length > 1 && (await isComplete(group))) return
        await Promise.all(group.map(async (one) => missed.set(one, await missedBy(one))))
      }),
    )
    return batch.map((one) => missed.get(one) ?? NONE)
  }

  /** Returns whether the remembered gateways of these chats, which are the same, are all there are. */
  async function isComplete(group: readonly Check[]): Promise<boolean> {
    const found = await sessions.gatewaysOf(group.flatMap(({ userIds }) => userIds))
    return group[0] !== undefined && found.isSubsetOf(group[0].known.gateways)
  }

  async function missedBy({ chatId, userIds, known }: Check): Promise<ReadonlySet<GatewayId>> {
    return (await lookUp(chatId, userIds)).difference(known.gateways)
  }

  return {
    async find(chatId, userIds) {
      const known = remembered.get(chatId)
      if (known === undefined)
        return { gateways: await lookUp(chatId, userIds), missed: Promise.resolve(NONE) }
      const missed = checks.submit({ chatId, userIds, known })
      // The caller may have failed before it waits for this.
      missed.catch(() => undefined)
      return { gateways: known.gateways, missed }
    },
  }
}

function keyOf(gateways: ReadonlySet<GatewayId>): string {
  return gateways.size < 2 ? ([...gateways][0] ?? '') : [...gateways].toSorted().join(' ')
}
