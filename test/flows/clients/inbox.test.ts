import { expect, test } from 'vitest'
import type { Chat, InboxEvent, LogEvent, Message, Position } from '../../../examples/documents.ts'
import { type Api, followInbox } from '../../../examples/inbox.ts'
import { EventQueue } from '../../harness/fixtures/event-queue.ts'
import { AppStore } from './app-store.ts'

const CHAT = 'chat_1'
const message = (seq: number): Message => ({
  id: `message_${seq}`,
  body: `${seq}`,
  sender: { name: 'Alice' },
})
const sent = (seq: number): LogEvent => ({
  __typename: 'MessageSent',
  seq,
  chat: { id: CHAT },
  message: message(seq),
})
const caughtUp: InboxEvent = { __typename: 'CaughtUp' }
const reset: InboxEvent = { __typename: 'InboxReset' }
const upTo = (headSeq: number): Chat => {
  const edges = Array.from({ length: headSeq }, (_, index) => ({ node: message(index + 1) }))
  return { id: CHAT, headSeq, messages: { edges } }
}

/** A server with scripted events and query results. */
function scripted(events: readonly InboxEvent[], answers: Chat[]) {
  const acknowledged = new EventQueue<readonly Position[]>()
  const api = {
    query: async () => ({ chats: { edges: answers.splice(0, 1).map((node) => ({ node })) } }),
    mutate: async (_document: string, variables: { positions: readonly Position[] }) =>
      acknowledged.push(variables.positions),
    async *subscribe() {
      for (const inbox of events) yield { inbox }
      await new Promise<never>(() => undefined)
    },
  }
  return { api: api as unknown as Api, acknowledged }
}

test('drops events that the query result holds already, and applies later ones', async () => {
  const [store, stop] = [new AppStore(), new AbortController()]
  const { api, acknowledged } = scripted([sent(1), caughtUp, sent(2), sent(3)], [upTo(2)])
  void followInbox(api, 'phone', store, stop.signal)
  await store.shows(CHAT, ['1', '2', '3'])
  expect(store.changes.all).toEqual(['filled', 'MessageSent'])
  expect(await acknowledged.next()).toEqual([{ chatId: CHAT, seq: 3 }])
  stop.abort()
})

test('queries the chats again after InboxReset, and acknowledges their heads', async () => {
  const [store, stop] = [new AppStore(), new AbortController()]
  const { api, acknowledged } = scripted([caughtUp, sent(2), reset, caughtUp, sent(6)], [upTo(1), upTo(5)])
  void followInbox(api, 'phone', store, stop.signal)
  await store.shows(CHAT, ['1', '2', '3', '4', '5', '6'])
  expect(store.changes.all).toEqual(['filled', 'MessageSent', 'filled', 'MessageSent'])
  expect(await acknowledged.next()).toEqual([{ chatId: CHAT, seq: 6 }])
  stop.abort()
})
