import type { DocumentBudget } from '../../quotas/document-budget.ts'
import type { RefusalBudget } from '../../quotas/refusal-budget.ts'
import { nameOf, type Payer } from '../pipeline/payer.ts'

/** Decides whose messages are read. */
export type ReadingBudget = Readonly<{
  /** Returns for how many milliseconds no messages of the payer are read. 0: they are read. */
  waitMs(payer: Payer): number
  /** A message of the payer was read. Its work waited or was done after `tookMs`. Users are not charged. */
  charge(payer: Payer, tookMs: number): void
}>

type Dependencies = Readonly<{
  documents: DocumentBudget
  /** Of clients without a token. */
  pace: DocumentBudget
  refusals: Pick<RefusalBudget, 'waitMs'>
}>

/** The time that the answer to a client without a token takes, in milliseconds. */
const MESSAGE_MS = 0.2
/** A hundred connections that wait for the same budget would wake up for each fraction of a message. */
const MIN_WAIT_MS = 100

/*
 * An operation that is refused costs a tenth of a millisecond, and a client can send ten thousand a second. So beyond
 * their budget clients are not refused but not read: their messages wait in the network.
 *
 * A client without a token can do nothing useful but sign in. All that it sends is charged to its address, and it is
 * not read while that address is in debt. Its budget of half a second is not spent in one moment either: every other
 * request would wait for each turn of the event loop.
 *
 * A user may have used up the budget for new documents and still needs to send messages. So a user is told
 * RATE_LIMITED, and is not read for a moment only after ignoring that again and again.
 */
export function createReadingBudget({ documents, pace, refusals }: Dependencies): ReadingBudget {
  return {
    waitMs(payer) {
      const name = nameOf(payer)
      const waitMs =
        payer.userId === undefined
          ? Math.max(documents.waitMs(name), pace.waitMs(name))
          : refusals.waitMs(name)
      return waitMs === 0 ? 0 : Math.max(waitMs, MIN_WAIT_MS)
    },
    charge(payer, tookMs) {
      if (payer.userId !== undefined) return
      documents.charge(nameOf(payer), MESSAGE_MS)
      pace.charge(nameOf(payer), tookMs + MESSAGE_MS)
    },
  }
}
