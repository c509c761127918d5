import {
  MALFORMED,
  readFlag,
  readId,
  readInstant,
  readList,
  readNullable,
  readNumber,
  readObject,
} from '../bus/read-json.ts'
import type { Topic } from '../bus/topic.ts'
import type { PresenceEdge } from '../events/presence-state.ts'
import type { GatewayId, UserId } from '../ids.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { WatchedEdge } from './store/presence-store.ts'

/** The wire format has an older word for a grace period. */
function readEdge(json: unknown): PresenceEdge {
  const { userId, online, isExcused, lastSeenAt, asOf } = readObject(json)
  if (online === null && isExcused !== true) throw MALFORMED
  return {
    userId: readId(userId) as UserId,
    online: readNullable(online, readFlag),
    lastSeenAt: readNullable(lastSeenAt, readInstant),
    asOf: readNumber(asOf),
    ...(isExcused === undefined ? {} : { isInGracePeriod: readFlag(isExcused) }),
  }
}

/** Users who came online, went offline or became unknown, for a gateway where their presence is watched. */
export const presenceEdgeTopic: Topic<readonly PresenceEdge[]> = {
  field: 'edges',
  read: (json) => readList(json, readEdge),
  toWire: (edges) =>
    edges.map(({ isInGracePeriod, ...state }) =>
      isInGracePeriod === undefined ? state : { ...state, isExcused: isInGracePeriod },
    ),
  absent: undefined,
}

/** Publishes edges to the gateways that watch their users, and to no other. Never rejects. */
export type EdgePublisher = (edges: readonly WatchedEdge[]) => Promise<void>

type Dependencies = Readonly<{
  gatewayId: GatewayId
  /** Receives the edges that this gateway watches itself. */
  receiveEdges(edges: readonly PresenceEdge[]): void
  /** Sends edges to another gateway, or makes it resync. Never rejects. */
  publishTo(to: GatewayId, edges: readonly PresenceEdge[]): Promise<void>
  metrics: Pick<Metrics, 'presenceEdges'>
}>

export function createEdgePublisher(dependencies: Dependencies): EdgePublisher {
  const { gatewayId, receiveEdges, publishTo, metrics } = dependencies
  return async (watchedEdges) => {
    for (const { edge } of watchedEdges) metrics.presenceEdges.inc({ edge: labelOf(edge) })
    const addressed = watchedEdges.flatMap(({ edge, watchers }) => watchers.map((to) => ({ to, edge })))
    const publishing = [...Map.groupBy(addressed, ({ to }) => to)].map(async ([to, group]) => {
      const edges = group.map(({ edge }) => edge)
      if (to === gatewayId) receiveEdges(edges)
      else await publishTo(to, edges)
    })
    await Promise.all(publishing)
  }
}

function labelOf({ online }: PresenceEdge): string {
  if (online === null) return 'unknown'
  return online ? 'online' : 'offline'
}
