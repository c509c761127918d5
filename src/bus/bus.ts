import type { GatewayId } from '../ids.ts'
import type { DisposeAsync } from '../lib/dispose.ts'

/**
 * Carries messages between gateways. A port: callers rely on what is promised here and nothing else, and one contract
 * suite checks every implementation.
 *
 * An implementation ensures:
 * - `subscribe` resolves when the subscription is in effect: what is published afterwards can arrive.
 * - Messages that one gateway publishes to another one after the other, and that arrive, first arrive in that order.
 * - `publish` resolves if the medium has taken the message, and rejects if it has not, or may not have.
 * - `onGap` is called whenever messages may have been lost, once things work again.
 * - A listener that throws affects no other listener and no later message.
 * - No background failure ends the process. `close` may be called at any time, and repeatedly.
 *
 * It does not ensure that a message arrives, that it arrives once, or that it is unchanged. The receiver validates it,
 * drops repetitions, and detects gaps. The bus knows nothing of memberships, sessions, or what a message means.
 */
export type Bus = Readonly<{
  publish(to: GatewayId, message: string): Promise<void>
  /** Subscribes to a gateway's own channel. A gateway subscribes once, when it starts. */
  subscribe(gatewayId: GatewayId, listener: BusListener): Promise<DisposeAsync>
  close(): Promise<void>
}>

export type BusListener = Readonly<{
  onMessage(message: string): void
  /** Messages to this gateway may have been lost since the last one. */
  onGap(): void
}>
