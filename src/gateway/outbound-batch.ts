import { type ChatEvent, changesMembers } from '../events/chat-event.ts'
import type { ChatId, GatewayId, Seq, UserId } from '../ids.ts'
import type { Signal } from '../events/signal.ts'

/** What is to be told to other gateways. */
export type OutboundBatch = Readonly<{ events: readonly ChatEvent[]; signals: readonly Signal[] }>
/** The part of it that is of one chat. */
export type ChatBatch = OutboundBatch & Readonly<{ chatId: ChatId }>
/** And whom it concerns. */
export type AddressedBatch = Readonly<{ part: ChatBatch; gateways: ReadonlySet<GatewayId> }>

/** Whether others would find it in the database. Nobody looks for who typed. */
export function isRecoverable({ events, signals }: OutboundBatch): boolean {
  return events.length > 0 || signals.some(({ type }) => type !== 'TypingChanged')
}

export function byChat({ events, signals }: OutboundBatch): ChatBatch[] {
  const eventsOf = Map.groupBy(events, (event) => event.chatId)
  const signalsOf = Map.groupBy(signals, (signal) => signal.chatId)
  const chatIds = new Set([...eventsOf.keys(), ...signalsOf.keys()])
  return [...chatIds].map((chatId) => {
    return { chatId, events: eventsOf.get(chatId) ?? [], signals: signalsOf.get(chatId) ?? [] }
  })
}

/** All that concerns each gateway, in one parcel, so that it is told once. */
export function collect(addressed: readonly AddressedBatch[]): Map<GatewayId, OutboundBatch> {
  const parcels = new Map<GatewayId, { events: ChatEvent[]; signals: Signal[] }>()
  for (const { part, gateways } of addressed) {
    for (const gateway of gateways) {
      const parcel = parcels.get(gateway) ?? { events: [], signals: [] }
      parcel.events.push(...part.events)
      parcel.signals.push(...part.signals)
      parcels.set(gateway, parcel)
    }
  }
  return parcels
}

/** The newest change of members that these events know of; undefined where they know of none. */
export function newestMembersSeq(events: readonly ChatEvent[]): Seq | undefined {
  const known = events
    .map((event) => (changesMembers(event) ? event.seq : event.membersSeq))
    .filter((seq) => seq !== undefined)
  return known.length === 0 ? undefined : Math.max(...known)
}

/** Whom a chat's part of a parcel is for, where that is known without asking who its members are. */
export function namedAudience({ events, signals }: OutboundBatch): readonly UserId[] | undefined {
  const named = signals.map((signal) => ('onlyTo' in signal ? signal.onlyTo : undefined))
  return events.length === 0 && named.every((ids) => ids !== undefined)
    ? [...new Set(named.flat())]
    : undefined
}

/** Whom an event concerns that the list of members may not name yet, or no more. */
export function newAndFormerMembers(event: ChatEvent): readonly UserId[] {
  return event.type === 'MemberRemoved' ? [...event.joined, event.userId] : event.joined
}
