import type { GatewayId } from '../ids.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { WatchedEdge } from './store/presence-store.ts'
import type { PresenceEdge } from '../events/presence-state.ts'

/** Brings edges to the gateways that watch those people, and to no other. Never rejects. */
export type EdgePublisher = (edges: readonly WatchedEdge[]) => Promise<void>

type Dependencies = Readonly<{
  gatewayId: GatewayId
  /** Takes in what is for this gateway. */
  offer(edges: readonly PresenceEdge[]): void
  /** Tells another one, or has it look for itself. Never rejects. */
  tellEdges(to: GatewayId, edges: readonly PresenceEdge[]): Promise<void>
  metrics: Pick<Metrics, 'presenceEdges'>
}>

export function createEdgePublisher({ gatewayId, offer, tellEdges, metrics }: Dependencies): EdgePublisher {
  return async (edges) => {
    for (const { edge } of edges) metrics.presenceEdges.inc({ edge: nameOf(edge) })
    const addressed = edges.flatMap(({ edge, watchers }) => watchers.map((to) => ({ to, edge })))
    const parcels = Map.groupBy(addressed, ({ to }) => to)
    const work = [...parcels].map(async ([to, parts]) => {
      const news = parts.map(({ edge }) => edge)
      if (to === gatewayId) offer(news)
      else await tellEdges(to, news)
    })
    await Promise.all(work)
  }
}

function nameOf({ online }: PresenceEdge): string {
  if (online === null) return 'unknown'
  return online ? 'online' : 'offline'
}
