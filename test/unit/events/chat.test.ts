import { expect, test } from 'vitest'
import { type ChatView, isVisible, lastVisibleSeq } from '../../../src/events/chat.ts'
import type { MembershipPeriod } from '../../../src/events/membership-period.ts'
import { alice, bob, chatId, range } from '../../harness/fixtures/chat-events.ts'

type Membership = Readonly<{
  headSeq: number
  joinedSeq?: number
  leftSeq?: number
  earlierPeriods?: readonly MembershipPeriod[]
}>

/** Returns a chat with this head, as seen by bob with these membership periods. */
function bobsView({ headSeq, joinedSeq = 1, leftSeq, earlierPeriods = [] }: Membership): ChatView {
  const at = new Date('2026-11-23T09:00:00Z')
  const id = chatId('tea')
  const row = { title: null, creatorId: alice, memberCount: 2, messageTtlSeconds: null, data: null }
  const left = { leftAt: leftSeq === undefined ? null : at, leftSeq: leftSeq ?? null }
  return {
    chat: { id, kind: 'GROUP', headSeq, createdAt: at, lastActivityAt: at, deletedAt: null, ...row },
    member: {
      chatId: id,
      userId: bob,
      role: 'MEMBER',
      joinedAt: at,
      joinedSeq,
      ...left,
      earlierPeriods,
      deliveredSeq: 0,
      readSeq: 0,
    },
  }
}

function seen(view: ChatView): number[] {
  return range(0, view.chat.headSeq + 1).filter((seq) => isVisible(view, seq))
}

test('shows a member the log from the joining event to the head', () => {
  expect(seen(bobsView({ headSeq: 5, joinedSeq: 3 }))).toEqual([3, 4, 5])
})

test('shows a former member the log up to the leaving event', () => {
  expect(seen(bobsView({ headSeq: 9, joinedSeq: 3, leftSeq: 5 }))).toEqual([3, 4, 5])
})

test('shows a returning member all membership periods, and nothing in between', () => {
  const earlierPeriods = [{ first: 1, last: 2 }]
  expect(seen(bobsView({ headSeq: 9, joinedSeq: 6, leftSeq: 8, earlierPeriods }))).toEqual([1, 2, 6, 7, 8])
})

test('shows nothing of an empty log', () => {
  const view = bobsView({ headSeq: 0 })
  expect(lastVisibleSeq(view)).toBe(0)
  expect(seen(view)).toEqual([])
})
