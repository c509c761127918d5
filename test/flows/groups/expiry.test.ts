import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { expect, test } from 'vitest'
import {
  CHAT,
  type ChatData,
  EDIT_MESSAGE,
  type MessageData,
  SET_REACTION,
} from '../../harness/people/documents.ts'
import { startParley, type TestParley } from '../../harness/servers/parley.ts'
import type { Person } from '../../harness/people/person.ts'

/** Makes all messages of a database older by some seconds. */
async function age({ databaseUrl }: TestParley, seconds: number): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  const earlier = `make_interval(secs => $1)`
  await client.query(
    `UPDATE messages SET sent_at = sent_at - ${earlier}, expires_at = expires_at - ${earlier}`,
    [seconds],
  )
  await client.end()
}

async function stored({ databaseUrl }: TestParley): Promise<{ body: string | null; reactions: number }[]> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  const { rows } = await client.query<{ body: string | null; reactions: number }>(`
    SELECT body, (SELECT count(*)::int FROM reactions r WHERE r.chat_id = m.chat_id AND r.message_seq = m.seq) AS reactions
    FROM messages m ORDER BY seq`)
  await client.end()
  return rows
}

async function couple(parley: TestParley): Promise<[Person, Person]> {
  return [await parley.person('alice'), await parley.person('bob')]
}

test('hides a message from every answer at the expiry that was announced when it was sent', async () => {
  await using parley = await startParley()
  const [alice, bob] = await couple(parley)
  const group = await alice.createGroup([bob], { messageTtlSeconds: 5 })
  const message = await alice.send(group, 'burn this')
  const expiresAt = Date.parse(message.expiresAt ?? '')

  expect((await bob.fetchChat(group)).lastMessage?.body).toBe('burn this')
  await delay(expiresAt - Date.now() + 5)
  const seen = await bob.fetchChat(group)
  expect(seen.lastMessage).toMatchObject({ id: message.id, body: null, deletedAt: null })
  expect(seen).toMatchObject({ unreadCount: 0, headSeq: 2 })
})

test('shows a tombstone for an expired message in lists, replays, look-ups by id and replies', async () => {
  await using parley = await startParley()
  const [alice, bob] = await couple(parley)
  const away = bob.inbox('phone')
  await away.caughtUp()
  away.close()
  const group = await alice.createGroup([bob], { messageTtlSeconds: 60 })
  const burnt = await alice.send(group, 'burn this', 'key-1')
  await alice.run(SET_REACTION, { input: { messageId: burnt.id, emoji: '🔥', present: true } })
  await alice.updateChat(group, { messageTtlSeconds: 0 })
  const reply = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id replyTo { id body } } } }`
  const input = { chatId: group, clientMessageId: 'key-2', body: 'kept', replyToId: burnt.id }
  await alice.run(reply, { input })

  await age(parley, 60)
  using back = bob.inbox('phone')
  await back.caughtUp()
  expect(back.seqs(group)).toEqual([1, 2, 3, 4, 5])
  expect(back.bodies(group)).toEqual([null, 'kept'])
  expect(back.uniqueEvents(group).find(({ __typename }) => __typename === 'ReactionChanged')).toMatchObject({
    emoji: '',
  })

  const seen = await bob.fetchChat(group)
  expect(seen.messages.edges.map(({ node }) => [node.body, node.reactions.length])).toEqual([
    [null, 0],
    ['kept', 0],
  ])
  expect(seen.unreadCount).toBe(1)
  const { node } = await bob.run<{ node: MessageData }>(
    'query ($id: ID!) { node(id: $id) { ... on Message { id body reactions { emoji } } } }',
    { id: burnt.id },
  )
  expect(node).toEqual({ id: burnt.id, body: null, reactions: [] })
  const { chat } = await bob.run<{ chat: { lastMessage: { replyTo: MessageData } } }>(
    'query ($id: ID!) { chat(id: $id) { lastMessage { replyTo { id body } } } }',
    { id: group },
  )
  expect(chat.lastMessage.replyTo).toEqual({ id: burnt.id, body: null })
  expect((await alice.trySend(group, 'burn this', 'key-1')).deduplicated).toBe(true)
})

test('rejects edits of and reactions to an expired message', async () => {
  await using parley = await startParley()
  const [alice, bob] = await couple(parley)
  const group = await alice.createGroup([bob], { messageTtlSeconds: 60 })
  const { id: messageId } = await alice.send(group, 'burn this')
  await age(parley, 60)
  const edit = await alice.post(EDIT_MESSAGE, { input: { messageId, body: 'again' } })
  const react = await bob.post(SET_REACTION, { input: { messageId, emoji: '🔥', present: true } })
  expect(edit.errors?.[0]?.extensions.code).toBe('FORBIDDEN')
  expect(react.errors?.[0]?.extensions.code).toBe('FORBIDDEN')
})

test('erases an expired message and its reactions from the database', async () => {
  await using parley = await startParley()
  const [alice, bob] = await couple(parley)
  const group = await alice.createGroup([bob], { messageTtlSeconds: 60 })
  const { id: messageId } = await alice.send(group, 'burn this', 'key')
  await bob.run(SET_REACTION, { input: { messageId, emoji: '🔥', present: true } })
  await alice.updateChat(group, { messageTtlSeconds: 3_600 })
  await alice.send(group, 'later')

  await age(parley, 71)
  await expect
    .poll(() => stored(parley), { timeout: 5_000 })
    .toEqual([
      { body: null, reactions: 0 },
      { body: 'later', reactions: 0 },
    ])
  expect(await alice.trySend(group, 'burn this', 'key')).toMatchObject({
    deduplicated: true,
    message: { id: messageId, body: null },
  })
})

test('applies a lifetime to later messages; in a direct chat both members can set it', async () => {
  await using parley = await startParley()
  const [alice, bob] = await couple(parley)
  const chat = await alice.startChat(bob)
  using atBob = bob.inbox('phone')
  await atBob.caughtUp()
  const kept = await alice.send(chat, 'for good')
  expect(await bob.updateChat(chat, { messageTtlSeconds: 3_600 })).toMatchObject({ messageTtlSeconds: 3_600 })
  expect(await atBob.next('ChatUpdated')).toMatchObject({ seq: 2, actor: { id: bob.id } })
  const burning = await alice.send(chat, 'for an hour')
  expect(kept.expiresAt).toBeNull()
  expect(Date.parse(burning.expiresAt ?? '') - Date.now()).toBeGreaterThan(3_500_000)
})

test('sets the lifetime of a direct chat before its first message without showing the chat to the other user', async () => {
  await using parley = await startParley()
  const [alice, bob] = await couple(parley)
  const chat = await alice.startChat(bob)
  expect(await alice.updateChat(chat, { messageTtlSeconds: 60 })).toMatchObject({ headSeq: 0 })
  const { chats } = await bob.run<{ chats: { edges: unknown[] } }>('{ chats { edges { cursor } } }')
  expect(chats.edges).toEqual([])
  expect((await alice.send(chat, 'psst')).expiresAt).not.toBeNull()
})

test.for([4, -1, 31_536_001])('rejects a lifetime of %d seconds', async (messageTtlSeconds) => {
  await using parley = await startParley()
  const [alice] = await couple(parley)
  await expect(alice.createGroup([], { messageTtlSeconds })).rejects.toThrow('BAD_USER_INPUT')
})

test('applies the lifetime at its place in the log to each message while lifetimes change under load', async () => {
  await using parley = await startParley()
  const [alice, bob] = await couple(parley)
  const group = await alice.createGroup([bob])
  using atBob = bob.inbox('phone')
  await atBob.caughtUp()
  const sends = Array.from({ length: 60 }, (_, index) => bob.send(group, `${index}`))
  const updates = (async () => {
    for (const messageTtlSeconds of [100, 0, 200, 0, 300])
      await alice.updateChat(group, { messageTtlSeconds })
  })()
  await Promise.all([...sends, updates])
  await atBob.reaches(group, 66)

  const log = await bob.run<{ chat: ChatData }>(CHAT, { id: group })
  const ttlOf = new Map(
    log.chat.messages.edges.map(({ node }) => [node.seq, node.expiresAt === null ? 0 : 1] as const),
  )
  let isTemporary = 0
  for (const { __typename, seq } of atBob.uniqueEvents(group)) {
    if (__typename === 'ChatUpdated' && seq !== 1) isTemporary = 1 - isTemporary
    if (__typename === 'MessageSent') expect(ttlOf.get(seq ?? 0)).toBe(isTemporary)
  }
})
