import type { Resync } from './resync.ts'

/** Whether this gateway can be told of things: it has to hear the others, and they have to know who is here. */
export type BusHealth = Readonly<{
  setReceiving(isHearing: boolean): void
  setRegistered(isKnown: boolean): void
  isDown(): boolean
}>

/** While either is not so, the sweeper looks for itself. */
export function createBusHealth(sweeper: Pick<Resync, 'setBusDown'>): BusHealth {
  let [isHearing, isKnown] = [true, true]
  const isDeaf = (): boolean => !isHearing || !isKnown
  const report = (): void => sweeper.setBusDown(isDeaf())
  return {
    setReceiving(value) {
      isHearing = value
      report()
    },
    setRegistered(value) {
      isKnown = value
      report()
    },
    isDown: isDeaf,
  }
}
