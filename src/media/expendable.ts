import { writeFileSync } from 'node:fs'
import { constants, getPriority, setPriority } from 'node:os'

const LOW = constants.priority.PRIORITY_BELOW_NORMAL

/**
 * Lets others come before this process: for the processors, and when the machine has no memory left (Linux). The system
 * may refuse a change because there was another in the last tenth of a second. So it is called before each job.
 *
 * Linux gives each session the same share of a processor (autogroup). Only within a session does the priority of a
 * process count. So the session, which is that of this process alone, gets the same priority.
 */
export function makeExpendable(): void {
  attempt(() => {
    if (getPriority() < LOW) setPriority(LOW)
  })
  attempt(() => writeFileSync('/proc/self/oom_score_adj', '1000'))
  attempt(() => writeFileSync('/proc/self/autogroup', String(getPriority())))
}

function attempt(change: () => void): void {
  try {
    change()
  } catch {
    // Not on this system, or not now. The job can be done all the same.
  }
}
