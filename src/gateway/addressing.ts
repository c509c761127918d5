import { type ChatEvent, changesMembers } from '../events/chat-event.ts'
import type { Signal } from '../events/signal.ts'
import type { GatewayId, Seq, UserId } from '../ids.ts'

/** Items of one chat, and the other gateways that serve its members. */
export type AddressedBatch<Item> = Readonly<{ items: readonly Item[]; gateways: ReadonlySet<GatewayId> }>

/** Collects the items of all chats for each gateway, so that one message carries them. */
export function batchPerGateway<Item>(batches: readonly AddressedBatch<Item>[]): Map<GatewayId, Item[]> {
  const perGateway = new Map<GatewayId, Item[]>()
  for (const { items, gateways } of batches) {
    for (const gateway of gateways) {
      const batch = perGateway.get(gateway)
      if (batch === undefined) perGateway.set(gateway, [...items])
      else batch.push(...items)
    }
  }
  return perGateway
}

/** The newest membership change that these events know of. Undefined if they know of none. */
export function newestMembersSeq(events: readonly ChatEvent[]): Seq | undefined {
  const known = events
    .map((event) => (changesMembers(event) ? event.seq : event.membersSeq))
    .filter((seq) => seq !== undefined)
  return known.length === 0 ? undefined : Math.max(...known)
}

/** Users whose membership the event begins or ends. The stored members may not list them yet, or no longer. */
export function newAndFormerMembers(event: ChatEvent): readonly UserId[] {
  return event.type === 'MemberRemoved' ? [...event.joined, event.userId] : event.joined
}

/** The recipients that the signals name. Undefined if one of them is for all members of the chat. */
export function namedRecipients(signals: readonly Signal[]): readonly UserId[] | undefined {
  const named = signals.map((signal) => (signal.type === 'ReceiptAdvanced' ? signal.onlyTo : undefined))
  return named.every((userIds) => userIds !== undefined) ? [...new Set(named.flat())] : undefined
}

/** Whether a resync finds what a gateway missed. Typing is never stored. */
export function isRecoverable(signals: readonly Signal[]): boolean {
  return signals.some(({ type }) => type !== 'TypingChanged')
}
