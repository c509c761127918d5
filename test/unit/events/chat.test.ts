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

/** A chat with this head, as bob sees it, who was in it from one event to another. */
function bobsView({ headSeq, joinedSeq = 1, leftSeq, earlierPeriods = [] }: Membership): ChatView {
  const at = new Date('2026-11-23T09:00:00Z')
  const id = chatId('tea')
  const row = { title: null, creatorId: alice, memberCount: 2, messageTtlSeconds: null }
  const left = { leftAt: leftSeq === undefined ? null : at, leftSeq: leftSeq ?? null }
  return {
    chat: { id, kind: 'GROUP', headSeq, createdAt: at, lastActivityAt: at, ...row },
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

test('a member sees the log from the event that let them in up to its end', () => {
  expect(seen(bobsView({ headSeq: 5, joinedSeq: 3 }))).toEqual([3, 4, 5])
})

test('who left sees up to the event that showed them out, however the log went on', () => {
  expect(seen(bobsView({ headSeq: 9, joinedSeq: 3, leftSeq: 5 }))).toEqual([3, 4, 5])
})

test('who came back sees what they were there for, and not what was said in between', () => {
  const earlierPeriods = [{ first: 1, last: 2 }]
  expect(seen(bobsView({ headSeq: 9, joinedSeq: 6, leftSeq: 8, earlierPeriods }))).toEqual([1, 2, 6, 7, 8])
})

test('where nothing was said yet, the visible part is empty', () => {
  const view = bobsView({ headSeq: 0 })
  expect(lastVisibleSeq(view)).toBe(0)
  expect(seen(view)).toEqual([])
})
