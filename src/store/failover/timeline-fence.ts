/**
 * The highest timeline that any gateway has ever seen a primary on. What is below it was overtaken by a promotion, and
 * must not be written to, however well it answers.
 */
export type TimelineFence = Readonly<{
  /** As far as this gateway knows. */
  highest(): number
  /** Somebody here has seen this one. */
  raise(timeline: number): void
  /** Calls back when the highest has grown because another gateway saw a higher one. */
  onOvertaken(listener: () => void): void
}>

/** A fence of this gateway alone. */
export function createTimelineFence(): TimelineFence {
  let highest = 0
  return {
    highest: () => highest,
    raise: (timeline) => {
      highest = Math.max(highest, timeline)
    },
    onOvertaken: () => undefined,
  }
}
