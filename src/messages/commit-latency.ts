import type { MessageLog } from './message-log.ts'

/** A log whose speed is watched. */
export type MeasuredLog = MessageLog &
  Readonly<{
    /**
     * Milliseconds that a batch takes: the median of those stored since this was last asked, or the age of the oldest
     * that is under way, if that is more. 0 when nothing happened.
     */
    commitMs(): number
  }>

/** More than are ever stored between two readings; beyond it the newest are left out. */
const MAX_TIMES = 1_000

/** A log that hangs finishes nothing, so that what is under way counts as well. */
export function measureCommits(log: MessageLog, now: () => number): MeasuredLog {
  const underWay = new Set<Readonly<{ from: number }>>()
  let times: number[] = []

  async function timed<Result>(write: () => Promise<Result>): Promise<Result> {
    const batch = { from: now() }
    underWay.add(batch)
    try {
      return await write()
    } finally {
      underWay.delete(batch)
      if (times.length < MAX_TIMES) times.push(now() - batch.from)
    }
  }

  return {
    append: (drafts) => timed(() => log.append(drafts)),
    appendLocked: (drafts) => timed(() => log.appendLocked(drafts)),
    commitMs() {
      const [oldest] = underWay
      const age = oldest === undefined ? 0 : now() - oldest.from
      const middle = times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0
      times = []
      return Math.max(age, middle)
    },
  }
}
