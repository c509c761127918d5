import type { Resync } from './resync.ts'

/** Whether this gateway can be told of things: it has to hear the others, and they have to know who is here. */
export type BusHealth = Readonly<{
  setHearing(isHearing: boolean): void
  setKnown(isKnown: boolean): void
  isDeaf(): boolean
}>

/** While either is not so, the sweeper looks for itself. */
export function createBusHealth(sweeper: Pick<Resync, 'setDeaf'>): BusHealth {
  let [isHearing, isKnown] = [true, true]
  const isDeaf = (): boolean => !isHearing || !isKnown
  const report = (): void => sweeper.setDeaf(isDeaf())
  return {
    setHearing(value) {
      isHearing = value
      report()
    },
    setKnown(value) {
      isKnown = value
      report()
    },
    isDeaf,
  }
}
