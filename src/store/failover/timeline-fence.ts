/**
 * The highest timeline that any gateway has seen a primary on. A server with a lower one was overtaken by a promotion
 * and must not be written to, even if it accepts writes.
 */
export type TimelineFence = Readonly<{
  /** The highest timeline that this gateway knows of. */
  highest(): number
  /** Called when this gateway has seen a primary on a timeline. */
  raise(timeline: number): void
  /** Calls `listener` when another gateway has seen a higher timeline. */
  onRaisedElsewhere(listener: () => void): void
}>

/** A fence that knows only what this gateway has seen. */
export function createTimelineFence(): TimelineFence {
  let highest = 0
  return {
    highest: () => highest,
    raise: (timeline) => {
      highest = Math.max(highest, timeline)
    },
    onRaisedElsewhere: () => undefined,
  }
}
