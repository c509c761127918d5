import type { GatewayId, UserId } from '../ids.ts'
import type { SessionRegistry } from './session-registry.ts'

/** The people of all gateways that share one process. */
export type MemorySessions = Map<GatewayId, Set<UserId>>

/** One gateway's end of a registry that lives in this process; exact, as long as all take part in `sessions`. */
export function createMemorySessionRegistry(gatewayId: GatewayId, sessions: MemorySessions): SessionRegistry {
  const people = new Set<UserId>()
  sessions.set(gatewayId, people)

  return {
    async register(userId) {
      people.add(userId)
    },
    unregister: (userId) => void people.delete(userId),
    async gatewaysOf(userIds) {
      const isConcerned = ([id, theirs]: [GatewayId, Set<UserId>]): boolean =>
        id !== gatewayId && userIds.some((userId) => theirs.has(userId))
      return new Set([...sessions].filter(isConcerned).map(([id]) => id))
    },
    others: async () => [...sessions.keys()].filter((id) => id !== gatewayId),
    hasOthers: () => sessions.size > 1,
    async close() {
      sessions.delete(gatewayId)
    },
  }
}
