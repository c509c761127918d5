import { expect, test, vi } from 'vitest'
import type {
  Chat,
  InboxEvent,
  LogEvent,
  Message,
  Position,
} from '../../../examples/hand-written/documents.ts'
import { type Api, followInbox } from '../../../examples/hand-written/inbox.ts'
import { Positions } from '../../../examples/hand-written/positions.ts'
import { createSocketApi } from '../../../examples/hand-written/socket-api.ts'
import { EventQueue } from '../../harness/fixtures/event-queue.ts'
import { startParley, UNLIMITED } from '../../harness/servers/parley.ts'
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

/** A server with scripted events and results of `chats`, one for each page. `single` is the result of `chat`. */
function scripted(events: readonly InboxEvent[], answers: Chat[], single?: Chat) {
  const acknowledged = new EventQueue<readonly Position[]>()
  const api = {
    query: async (document: string) => {
      if (document.includes('query Chat(')) return { chat: single ?? null }
      const edges = answers.splice(0, 1).map((node) => ({ node }))
      return { chats: { edges, pageInfo: { hasNextPage: false, endCursor: null } } }
    },
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
  expect(store.changes.all).toEqual(['replaced', 'MessageSent'])
  expect(await acknowledged.next()).toEqual([{ chatId: CHAT, seq: 3 }])
  stop.abort()
})

test('queries the chats again after InboxReset, and acknowledges their heads', async () => {
  const [store, stop] = [new AppStore(), new AbortController()]
  const { api, acknowledged } = scripted([caughtUp, sent(2), reset, caughtUp, sent(6)], [upTo(1), upTo(5)])
  void followInbox(api, 'phone', store, stop.signal)
  await store.shows(CHAT, ['1', '2', '3', '4', '5', '6'])
  expect(store.changes.all).toEqual(['replaced', 'MessageSent', 'replaced', 'MessageSent'])
  expect(await acknowledged.next()).toEqual([{ chatId: CHAT, seq: 6 }])
  stop.abort()
})

test('after InboxReset, applies and acknowledges events below the positions of before', async () => {
  const [store, stop] = [new AppStore(), new AbortController()]
  const events = [caughtUp, sent(51), reset, caughtUp, sent(41), sent(42)]
  const { api, acknowledged } = scripted(events, [upTo(50), upTo(40)])
  void followInbox(api, 'phone', store, stop.signal)
  await store.changes.until((changes) => changes.length === 5)
  expect(store.changes.all).toEqual(['replaced', 'MessageSent', 'replaced', 'MessageSent', 'MessageSent'])
  expect(await acknowledged.next()).toEqual([{ chatId: CHAT, seq: 42 }])
  stop.abort()
})

test('acknowledges the heads of all chats after InboxReset without further events', async () => {
  const [store, stop] = [new AppStore(), new AbortController()]
  const { api, acknowledged } = scripted([caughtUp, sent(51), reset, caughtUp], [upTo(50), upTo(40)])
  void followInbox(api, 'phone', store, stop.signal)
  expect(await acknowledged.next()).toEqual([{ chatId: CHAT, seq: 40 }])
  stop.abort()
})

test('queries a chat that it does not know', async () => {
  const [store, stop] = [new AppStore(), new AbortController()]
  const { api, acknowledged } = scripted([caughtUp, sent(3), sent(4)], [], upTo(3))
  void followInbox(api, 'phone', store, stop.signal)
  await store.shows(CHAT, ['1', '2', '3', '4'])
  expect(await acknowledged.next()).toEqual([{ chatId: CHAT, seq: 4 }])
  stop.abort()
})

test('loads all pages of the chats', async () => {
  await using parley = await startParley({ config: UNLIMITED })
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chatIds = new Set<string>()
  while (chatIds.size < 101) chatIds.add(await alice.createGroup([bob]))
  const [store, stop] = [new AppStore(), new AbortController()]
  void followInbox(createSocketApi(bob.socket), 'phone', store, stop.signal)
  await store.changes.until((changes) => changes.length === 1)
  expect(new Set(store.chatIds())).toEqual(chatIds)
  stop.abort()
})

test('acknowledges 501 positions in two calls, one after the other', async () => {
  const calls = new EventQueue<readonly Position[]>()
  const positions = new Positions(async (list) => calls.push(list))
  for (let chat = 1; chat <= 501; chat += 1) positions.advance(`chat_${chat}`, chat)
  await calls.until((all) => all.length === 2)
  expect(calls.all.map((call) => call.length)).toEqual([500, 1])
  expect(new Map(calls.all.flat().map(({ chatId, seq }) => [chatId, seq])).size).toBe(501)
})

test('acknowledges again after a failure, without a further event', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const calls = new EventQueue<readonly Position[]>()
  const positions = new Positions(async (list) => {
    calls.push(list)
    if (calls.all.length === 1) throw new Error('The network is down')
  })
  positions.advance(CHAT, 7)
  await calls.until((all) => all.length === 2)
  expect(calls.all).toEqual([[{ chatId: CHAT, seq: 7 }], [{ chatId: CHAT, seq: 7 }]])
  vi.restoreAllMocks()
})
