import { expect, test } from 'vitest'
import { SET_REACTION } from '../../../test/harness/people/documents.ts'
import type { Person } from '../../../test/harness/people/person.ts'
import { startParley } from '../../../test/harness/servers/parley.ts'
import { memoryStorage } from '../src/index.ts'
import { bodies, open, startClient } from './client.ts'
import { laterSchema, PIN } from './later-server.ts'

/** Adds an event to the log whose type the client does not know. */
async function pin(person: Person, messageId: string): Promise<void> {
  await person.run(SET_REACTION, { input: { messageId, emoji: PIN, present: true } })
}

/** Records the highest position that a client has acknowledged in each chat. */
function recordPositions() {
  const acknowledged = new Map<string, number>()
  const recording: typeof fetch = async (input, init) => {
    const response = await fetch(input, init)
    const { query, variables } = JSON.parse(init?.body as string) as {
      query: string
      variables: { input: { positions: readonly { chatId: string; seq: number }[] } }
    }
    if (query.includes('markDelivered'))
      for (const { chatId, seq } of variables.input.positions) acknowledged.set(chatId, seq)
    return response
  }
  return { acknowledged, fetch: recording }
}

async function typesOf(person: Person, chatId: string): Promise<readonly string[]> {
  const query = 'query ($id: ID!) { chat(id: $id) { events(afterSeq: 0) { __typename } } }'
  const { chat } = await person.run<{ chat: { events: readonly { __typename: string }[] } }>(query, {
    id: chatId,
  })
  return chat.events.map(({ __typename }) => __typename)
}

test('passes over live and missed events of unknown types, and acknowledges them', async () => {
  await using parley = await startParley({ overrides: { adaptSchema: laterSchema } })
  const [alice, bob] = await Promise.all([parley.person('alice'), parley.person('bob')])
  const chatId = await alice.startChat(bob)
  const { acknowledged, fetch } = recordPositions()
  const storage = memoryStorage()
  const options = { url: parley.url, token: bob.token, deviceId: 'phone', storage, fetch }

  const first = await startClient(options)
  const chat = open(first, chatId)
  // A page that is read later would hold the reaction that the event below is made of.
  await expect.poll(() => chat.getSnapshot().isLoaded).toBe(true)
  const one = await alice.send(chatId, 'one')
  await alice.setTyping(chatId, true)
  await pin(alice, one.id)
  await expect.poll(() => acknowledged.get(chatId)).toBe(2)
  await alice.send(chatId, 'two')
  await expect.poll(() => bodies(first, chatId)).toEqual(['one', 'two'])
  expect(first.chat(chatId).getSnapshot().messages[0]?.reactions).toEqual([])
  await pin(bob, one.id)
  await expect.poll(() => acknowledged.get(chatId)).toBe(4)
  expect(first.errors).toEqual([])
  await first.close()

  await alice.run(SET_REACTION, { input: { messageId: one.id, emoji: PIN, present: false } })
  await alice.send(chatId, 'three')
  await pin(alice, one.id)
  expect((await typesOf(alice, chatId)).filter((type) => type === 'MessagePinned')).toHaveLength(4)
  await using second = await startClient(options)
  open(second, chatId)
  await expect.poll(() => bodies(second, chatId)).toEqual(['one', 'two', 'three'])
  await expect.poll(() => acknowledged.get(chatId)).toBe(7)
  await alice.send(chatId, 'four')
  await expect.poll(() => bodies(second, chatId)).toEqual(['one', 'two', 'three', 'four'])
  await expect.poll(() => acknowledged.get(chatId)).toBe(8)
  expect(second.errors).toEqual([])
  await second.close()

  using inbox = bob.inbox('phone')
  await inbox.caughtUp()
  expect(inbox.seqs(chatId)).toEqual([])
})

test('repairs a gap from a log that contains events of unknown types', async () => {
  await using parley = await startParley({ overrides: { adaptSchema: laterSchema } })
  const [alice, bob] = await Promise.all([parley.person('alice'), parley.person('bob')])
  const chatId = await alice.startChat(bob)
  const WebSocket = withoutPins()
  await using client = await startClient({ url: parley.url, token: bob.token, WebSocket })
  open(client, chatId)
  const { id } = await alice.send(chatId, 'one')
  await pin(alice, id)
  await alice.send(chatId, 'two')
  await pin(bob, id)
  await alice.send(chatId, 'three')
  await expect.poll(() => bodies(client, chatId)).toEqual(['one', 'two', 'three'])
  expect(client.errors).toEqual([])
})

/** A WebSocket that loses the events of the unknown type, so that each leaves a gap. */
function withoutPins(): typeof WebSocket {
  return class extends WebSocket {
    override set onmessage(listener: ((event: MessageEvent) => void) | null) {
      // graphql-ws sets this property, so this is where its messages can be dropped.
      // oxlint-disable-next-line unicorn/prefer-add-event-listener
      super.onmessage = (event: MessageEvent) =>
        String(event.data).includes('MessagePinned') || listener?.(event)
    }
  }
}
