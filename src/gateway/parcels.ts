import { type ChatEvent, changesMembers } from '../chats/chat-event.ts'
import type { ChatId, GatewayId, Seq, UserId } from '../ids.ts'
import type { ReceiptAdvanced } from './live.ts'

/** What is to be told to other gateways. */
export type Parcel = Readonly<{ events: readonly ChatEvent[]; receipts: readonly ReceiptAdvanced[] }>
/** The part of it that is of one chat. */
export type ChatParcel = Parcel & Readonly<{ chatId: ChatId }>
/** And whom it concerns. */
export type AddressedParcel = Readonly<{ part: ChatParcel; gateways: ReadonlySet<GatewayId> }>

export function byChat({ events, receipts }: Parcel): ChatParcel[] {
  const eventsOf = Map.groupBy(events, (event) => event.chatId)
  const receiptsOf = Map.groupBy(receipts, (receipt) => receipt.chatId)
  const chatIds = new Set([...eventsOf.keys(), ...receiptsOf.keys()])
  return [...chatIds].map((chatId) => {
    return { chatId, events: eventsOf.get(chatId) ?? [], receipts: receiptsOf.get(chatId) ?? [] }
  })
}

/** All that concerns each gateway, in one parcel, so that it is told once. */
export function collect(addressed: readonly AddressedParcel[]): Map<GatewayId, Parcel> {
  const parcels = new Map<GatewayId, { events: ChatEvent[]; receipts: ReceiptAdvanced[] }>()
  for (const { part, gateways } of addressed) {
    for (const gateway of gateways) {
      const parcel = parcels.get(gateway) ?? { events: [], receipts: [] }
      parcel.events.push(...part.events)
      parcel.receipts.push(...part.receipts)
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

/** Whom an event concerns that the list of members may not name yet, or no more. */
export function newAndFormerMembers(event: ChatEvent): readonly UserId[] {
  return event.type === 'MemberRemoved' ? [...event.joined, event.userId] : event.joined
}
