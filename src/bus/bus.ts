import type { GatewayId } from '../ids.ts'

/**
 * Carries wake-ups between gateways. A port: what is promised here is all that callers rely on, and one contract
 * suite holds every implementation to it.
 *
 * What an implementation ensures:
 * - `subscribe` resolves once the subscription is in effect: what is published after that moment can arrive.
 * - Messages that one gateway published to another, one after the other, and that arrive, arrive in that order the
 *   first time.
 * - `publish` resolves when the medium has taken the message and rejects when it has not, or may not have.
 * - Whenever messages may have been lost on the way, `onGap` is called once things work again.
 * - A handler that throws harms nobody else and no later message.
 * - Nothing that goes wrong in the background ends the process; `close` may be called at any time, and again.
 *
 * What it does not ensure, so that callers must not rely on it: that a message arrives, that it arrives once, that it
 * was not tampered with. Whoever reads has to validate, to drop what is repeated, and to find by themselves what is
 * missing. Membership, who is connected where, and what a message means are not the bus's business either.
 */
export type Bus = Readonly<{
  publish(to: GatewayId, message: string): Promise<void>
  /** Listens on a gateway's own channel until the answer is called. A gateway subscribes once, at its start. */
  subscribe(gatewayId: GatewayId, listener: BusListener): Promise<DisposeAsync>
  close(): Promise<void>
}>

export type BusListener = Readonly<{
  onMessage(message: string): void
  /** Messages to this gateway may have been lost since the last one. */
  onGap(): void
}>

export type DisposeAsync = () => Promise<void>
