import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AppendOutcome } from '../../../src/messages/append-store.ts'
import type { NewMessage } from '../../../src/messages/new-message.ts'
import { fingerprintOf } from '../../../src/messages/message-input.ts'
import { deduplicateBatch, expandOutcomes } from '../../../src/messages/send-batch.ts'
import { alice, bob, chatId } from '../../harness/fixtures/chat-events.ts'

const newMessage: fc.Arbitrary<NewMessage> = fc
  .record({
    chat: fc.constantFrom('tea', 'coffee', 'nowhere'),
    senderId: fc.constantFrom(alice, bob),
    clientMessageId: fc.constantFrom('1', '2', '3'),
    body: fc.constantFrom('Hello', 'Bye'),
  })
  .map(({ chat, body, ...rest }) => {
    const content = { body, replyToSeq: null, attachmentIds: [], type: null, data: null }
    return { ...rest, chatId: chatId(chat), ...content, fingerprint: fingerprintOf(content) }
  })

const keyOf = (it: NewMessage): string => JSON.stringify([it.chatId, it.senderId, it.clientMessageId])
const isThere = (it: NewMessage): boolean => it.chatId !== chatId('nowhere')

/** A log in memory that appends messages one by one and knows each key. */
function createLog() {
  const byKey = new Map<string, { seq: number; fingerprint: Buffer }>()
  const heads = new Map<string, number>()
  return (it: NewMessage): AppendOutcome => {
    if (!isThere(it)) return { type: 'no-such-chat' }
    const known = byKey.get(keyOf(it))
    if (known !== undefined) return { type: 'duplicate', ...known, ageMs: 0 }
    const seq = (heads.get(it.chatId) ?? 0) + 1
    heads.set(it.chatId, seq)
    byKey.set(keyOf(it), { seq, fingerprint: it.fingerprint })
    return { type: 'stored', seq, at: new Date(0), expiresAt: null, joined: [], membersSeq: 0 }
  }
}

test('gives a batch the outcomes that its messages would have one by one', () => {
  fc.assert(
    fc.property(fc.array(newMessage), fc.array(newMessage), (earlier, newMessages) => {
      const [appendOne, appendFolded] = [createLog(), createLog()]
      for (const append of [appendOne, appendFolded]) earlier.forEach(append)
      const folded = deduplicateBatch(newMessages)
      const outcomes = expandOutcomes(newMessages, folded, folded.unique.map(appendFolded))
      expect(outcomes).toEqual(newMessages.map(appendOne))
    }),
  )
})

test('leaves each combination of chat, sender and key once', () => {
  fc.assert(
    fc.property(fc.array(newMessage), (newMessages) => {
      const { unique } = deduplicateBatch(newMessages)
      expect(unique.map(keyOf)).toEqual([...new Set(newMessages.map(keyOf))])
    }),
  )
})

test('throws if a message has no outcome', () => {
  const [one] = fc.sample(newMessage, 1)
  const newMessages = one === undefined ? [] : [one]
  expect(() => expandOutcomes(newMessages, deduplicateBatch(newMessages), [])).toThrow('has no outcome')
})

test('retries a message with other content than the first one with its key, if that has no reply target', () => {
  const [lost, found] = [7, null].map((replyToSeq): NewMessage => {
    const content = { body: 'Hello', replyToSeq, attachmentIds: [], type: null, data: null }
    const fingerprint = fingerprintOf(content)
    return { chatId: chatId('tea'), senderId: alice, clientMessageId: '1', ...content, fingerprint }
  }) as [NewMessage, NewMessage]
  const newMessages = [lost, found]
  const outcomes = expandOutcomes(newMessages, deduplicateBatch(newMessages), [
    { type: 'no-such-reply-target' },
  ])
  expect(outcomes).toEqual([{ type: 'no-such-reply-target' }, { type: 'retry' }])
})
