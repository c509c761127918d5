import { expect, test } from 'vitest'
import { type ChatView, isVisible, visibleRange } from '../../../src/chats/chat.ts'
import { alice, bob, chatId, range } from '../../harness/events.ts'

type Stay = Readonly<{ headSeq: number; joinedSeq?: number; leftSeq?: number }>

/** A chat with this head, as bob sees it, who was in it from one event to another. */
function bobsView({ headSeq, joinedSeq = 1, leftSeq }: Stay): ChatView {
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

test('where nothing was said yet, the visible part is empty', () => {
  const view = bobsView({ headSeq: 0 })
  expect(visibleRange(view)).toEqual({ first: 1, last: 0 })
  expect(seen(view)).toEqual([])
})
