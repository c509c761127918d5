import type { Sweeper } from './sweeper.ts'

/** Whether this gateway can be told of things: it has to hear the others, and they have to know who is here. */
export type Deafness = Readonly<{
  setHearing(isHearing: boolean): void
  setKnown(isKnown: boolean): void
  isDeaf(): boolean
}>

/** While either is not so, the sweeper looks for itself. */
export function createDeafness(sweeper: Pick<Sweeper, 'setDeaf'>): Deafness {
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
