import type { ChatLog } from '../chats/chat-log.ts'
import type { ChatEvent } from '../events/chat-event.ts'
import { MAX_SEQ, type Seq } from '../ids.ts'
import type { Claim, FollowerStore } from './follower-store.ts'
import type { Follower, Handled, LogFollower, LogGap, StateFollower } from './follower.ts'

/** How the processing of a chat has ended. `paused`: the follower must not be asked again before its state is read. */
export type Ended = 'finished' | 'later' | 'lost' | 'paused'

/** Identifies one claim, and how long it lasts without progress, in seconds. */
export type Lease = Readonly<{ id: string; forS: number }>

export type ClaimWorker = Readonly<{
  store: FollowerStore
  chatLog: Pick<ChatLog, 'read' | 'floor'>
  lease: Lease
  stopping: AbortSignal
}>

const PAGE = 100
const DONE: Handled = { type: 'done' }

/** Processes what is due of a claimed chat, member or user, and gives it back. */
export function processClaim(claim: Claim, follower: Follower, worker: ClaimWorker): Promise<Ended> {
  return follower.source === 'LOGS'
    ? processLog(claim, follower, worker)
    : processState(claim, follower, worker)
}

async function processLog(claim: Claim, follower: LogFollower, worker: ClaimWorker): Promise<Ended> {
  const { store, lease, stopping } = worker
  let { position, attempts } = claim
  for (;;) {
    const items = await readAfter(claim, position, worker)
    if (items.length === 0) {
      await store.finish(claim, position, lease.id)
      return 'finished'
    }
    for (const item of items) {
      const isWanted = follower.wants(item)
      if (stopping.aborted) return giveBack(claim, { type: 'wait', forMs: 0 }, attempts, worker)
      const handled = isWanted ? await follower.handle(claim, item, attempts) : DONE
      if (handled.type !== 'done') return giveBack(claim, handled, attempts, worker)
      position = lastSeqOf(item)
      attempts = 0
      // The position passes skipped events together with the next one, or at the end of the page.
      const isSkippable = !isWanted && item !== items.at(-1)
      if (!isSkippable && !(await store.advance(claim, position, lease))) return 'lost'
    }
  }
}

/** The state is read after the claim. So it has all changes that the mark counted then; `finish` sees later ones. */
async function processState(claim: Claim, follower: StateFollower, worker: ClaimWorker): Promise<Ended> {
  const { store, lease, stopping } = worker
  const handled: Handled = stopping.aborted ? { type: 'wait', forMs: 0 } : await follower.handle(claim)
  if (handled.type !== 'done') return giveBack(claim, handled, claim.attempts, worker)
  await store.finish(claim, claim.lastSeq, lease.id)
  return 'finished'
}

async function giveBack(
  claim: Claim,
  handled: Exclude<Handled, { type: 'done' }>,
  attempts: number,
  { store, lease }: ClaimWorker,
): Promise<Ended> {
  switch (handled.type) {
    case 'retry': {
      const { afterMs, reason: error } = handled
      await store.postpone(claim, { afterMs, error }, lease.id)
      return 'later'
    }
    case 'wait':
      await store.release(claim, { afterMs: handled.forMs, attempts }, lease.id)
      return 'later'
    case 'stopped':
      await store.release(claim, { afterMs: 0, attempts }, lease.id)
      return 'paused'
    default:
      return handled satisfies never
  }
}

/** Reads a page of the log. Events that retention deleted become one gap before it. */
async function readAfter(
  { chatId }: Claim,
  afterSeq: Seq,
  { chatLog }: ClaimWorker,
): Promise<readonly (ChatEvent | LogGap)[]> {
  const events = await chatLog.read({ chatId, afterSeq, untilSeq: MAX_SEQ }, PAGE)
  if (events[0]?.seq === afterSeq + 1) return events
  const untilSeq = events[0] === undefined ? await chatLog.floor(chatId) : events[0].seq - 1
  return untilSeq <= afterSeq ? events : [{ type: 'gap', afterSeq, untilSeq }, ...events]
}

function lastSeqOf(item: ChatEvent | LogGap): Seq {
  return item.type === 'gap' ? item.untilSeq : item.seq
}
