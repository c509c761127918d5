import type { GatewayId, UserId } from '../ids.ts'
import type { SessionRegistry } from './session-registry.ts'

/** The local users of all gateways in one process. */
export type MemorySessions = Map<GatewayId, Set<UserId>>

/** One gateway's registry in this process. Exact, as long as all gateways share `sessions`. */
export function createMemorySessionRegistry(gatewayId: GatewayId, sessions: MemorySessions): SessionRegistry {
  const users = new Set<UserId>()
  sessions.set(gatewayId, users)

  return {
    async register(userId) {
      users.add(userId)
    },
    unregister: (userId) => void users.delete(userId),
    async gatewaysOf(userIds) {
      const serves = ([id, local]: [GatewayId, Set<UserId>]): boolean =>
        id !== gatewayId && userIds.some((userId) => local.has(userId))
      return new Set([...sessions].filter(serves).map(([id]) => id))
    },
    others: async () => [...sessions.keys()].filter((id) => id !== gatewayId),
    hasOthers: () => sessions.size > 1,
    async close() {
      sessions.delete(gatewayId)
    },
  }
}
