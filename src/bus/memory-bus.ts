import type { GatewayId } from '../ids.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Bus, BusListener } from './bus.ts'

/**
 * The bus for gateways in one process: the embedded default, and several gateways in one test. Loses and repeats
 * nothing, so `onGap` is never called. Delivers in a later turn of the event loop, as any other bus does.
 */
export function createMemoryBus({ logger }: { logger: Logger }): Bus {
  const channels = new Map<GatewayId, Set<BusListener>>()
  let isClosed = false

  function deliver(listener: BusListener, message: string): void {
    try {
      listener.onMessage(message)
    } catch (error) {
      logger.error({ err: error }, 'bus listener threw')
    }
  }

  return {
    async publish(to, message) {
      if (isClosed) throw new Error('The bus is closed')
      setImmediate(() => {
        for (const listener of channels.get(to) ?? []) deliver(listener, message)
      })
    },

    async subscribe(gatewayId, listener) {
      if (isClosed) throw new Error('The bus is closed')
      const listeners = channels.get(gatewayId) ?? new Set()
      channels.set(gatewayId, listeners.add(listener))
      return async () => {
        listeners.delete(listener)
      }
    },

    async close() {
      isClosed = true
      channels.clear()
    },
  }
}
