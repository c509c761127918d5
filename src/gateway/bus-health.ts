import type { Resync } from './resync.ts'

/**
 * Whether other gateways can reach this one: it must receive messages, and its users must be registered. While either
 * fails, messages may be missed, and the gateway resyncs continuously.
 */
export type BusHealth = Readonly<{
  setReceiving(isReceiving: boolean): void
  setRegistered(isRegistered: boolean): void
  isDown(): boolean
}>

export function createBusHealth(resync: Pick<Resync, 'setBusDown'>): BusHealth {
  let isReceiving = true
  let isRegistered = true
  const isDown = (): boolean => !isReceiving || !isRegistered
  return {
    setReceiving(value) {
      isReceiving = value
      resync.setBusDown(isDown())
    },
    setRegistered(value) {
      isRegistered = value
      resync.setBusDown(isDown())
    },
    isDown,
  }
}
