import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { createAudienceStore } from '../../../src/chats/audience-store.ts'
import { createChatLogStore } from '../../../src/chats/chat-log-store.ts'
import { createRetentionStore } from '../../../src/chats/retention-store.ts'
import { createAttachmentStore } from '../../../src/media/attachment-store.ts'
import { createMembershipStore } from '../../../src/gateway/membership-store.ts'
import type { ChatId, UserId } from '../../../src/ids.ts'
import { createAppendStore } from '../../../src/messages/append-store.ts'
import { runStatement } from '../../../src/store/sql/statement.ts'
import type { Reader } from '../../../src/store/sql/reader.ts'
import type { Transaction } from '../../../src/store/sql/transaction.ts'
import type { Writer } from '../../../src/store/sql/writer.ts'
import { createMessageStore } from '../../../src/messages/message-store.ts'
import { connect, query } from '../servers/database.ts'
import { CHATS, DELETE_MESSAGE, EDIT_MESSAGE, SET_REACTION } from '../people/documents.ts'
import { createUpload, findAttachment, patchUpload, sendFiles, upload } from '../people/files.ts'
import { until } from '../fixtures/until.ts'
import type { TestParley } from '../servers/parley.ts'
import type { Person } from '../people/person.ts'
import { heartbeat, queryPresence, PresenceStream } from '../people/presence-stream.ts'

type People = Readonly<Record<'alice' | 'bob' | 'carol', Person>>
type Chats = Readonly<{ direct: string; group: string; largeGroup: string }>

/** Large enough that receipts go to senders only. */
const LARGE_GROUP_SIZE = 101

const PAGE = `query ($id: ID!, $before: String, $after: String) {
  chat(id: $id) {
    newest: messages(last: 2, before: $before) { edges { cursor node { body status } } }
    oldest: messages(first: 2, after: $after) { edges { cursor node { body } } }
    members(last: 1) { edges { node { user { name } } } }
    events(afterSeq: 0, first: 500) { seq ... on MemberAdded { member { role } } }
  }
}`
const CHATS_BACKWARDS = 'query { chats(last: 2) { edges { node { title unreadCount } } } }'
const REPLY =
  'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { replyTo { id } } } }'

/** Uses every feature, so that the gateway sends every statement that it has. */
export async function runEveryStatement(parley: TestParley): Promise<Chats> {
  const [alice, bob, carol] = [
    await parley.person('alice'),
    await parley.person('bob'),
    await parley.person('carol'),
  ]
  const people = { alice, bob, carol }
  await query(parley.databaseUrl, INSERT_USERS, [LARGE_GROUP_SIZE])
  const chats = await createChats(people)
  await registerDevices(people, chats)
  await exchangeMessages(people, chats)
  await exchangeFiles(parley, people, chats)
  await changeMembers(people, chats)
  await queryEverything(people, chats)
  await replayMissedEvents(people, chats)
  await watchPresence(parley, people)
  await expireMessages(parley, people)
  await runRareStatements(parley.databaseUrl, people, chats)
  return chats
}

/** Users who have signed in once. */
const INSERT_USERS = `
  INSERT INTO users (id, name, claims_issued_at)
  SELECT 'fan-' || number, 'Fan ' || number, now() FROM generate_series(1, $1::int) AS number`

async function createChats({ alice, bob, carol }: People): Promise<Chats> {
  const fans = Array.from(
    { length: LARGE_GROUP_SIZE },
    (_, index) => ({ id: `user_fan-${index + 1}` }) as Person,
  )
  const direct = await alice.startChat(bob)
  const clientChatId = randomUUID()
  const group = await alice.createGroup([bob], { clientChatId })
  await alice.createGroup([bob], { clientChatId })
  await alice.addMembers(group, [carol])
  return { direct, group, largeGroup: await alice.createGroup([bob, ...fans]) }
}

/** Registers phones without pending events. They stay offline afterwards. */
async function registerDevices({ bob, carol }: People, { direct }: Chats): Promise<void> {
  for (const person of [bob, carol]) {
    using inbox = person.inbox('phone')
    await inbox.caughtUp()
  }
  using stream = bob.chatEvents(direct, 0)
  await stream.caughtUp()
}

/** Sends files, fetches one, and deletes one until the sweep has deleted its bytes. */
async function exchangeFiles(
  { databaseUrl }: TestParley,
  { alice, bob }: People,
  { direct }: Chats,
): Promise<void> {
  const [first, second] = [await upload(alice, Buffer.from('1')), await upload(alice, Buffer.from('2'))]
  const { uploadUrl } = await createUpload(alice, { byteSize: 1 })
  await patchUpload(uploadUrl, 0, Buffer.from('3'))
  const { message } = await sendFiles(alice, direct, [first])
  await sendFiles(alice, direct, [second])
  const seen = await findAttachment(bob, second.id)
  await (await fetch(seen?.url ?? '')).text()
  await alice.run(DELETE_MESSAGE, { input: { messageId: message.id } })
  await until(
    async () => (await query(databaseUrl, `SELECT FROM uploads WHERE released_at IS NOT NULL`)).length === 0,
  )
  await query(databaseUrl, `UPDATE uploads SET created_at = now() - interval '28 hours' WHERE id = $1`, [
    second.id.replace('attachment_', ''),
  ])
  const isTidy = `SELECT FROM uploads WHERE is_tidy AND id = $1`
  await until(
    async () => (await query(databaseUrl, isTidy, [second.id.replace('attachment_', '')])).length === 1,
  )
}

async function exchangeMessages({ alice, bob }: People, { direct, group, largeGroup }: Chats): Promise<void> {
  using bobInbox = bob.inbox('tablet')
  await bobInbox.caughtUp()
  for (const chatId of [direct, group, largeGroup]) {
    const key = randomUUID()
    const message = await alice.send(chatId, 'hello', key)
    await alice.send(chatId, 'hello', key)
    await bobInbox.reaches(chatId, message.seq)
    await bob.run(REPLY, {
      input: { chatId, clientMessageId: randomUUID(), body: 'hi', replyToId: message.id },
    })
    await alice.run(EDIT_MESSAGE, { input: { messageId: message.id, body: 'hello there' } })
    for (const present of [true, false]) {
      await bob.run(SET_REACTION, { input: { messageId: message.id, emoji: '👍', present } })
    }
    await bob.markDelivered(chatId, message.seq, 'tablet')
    await bob.markRead(chatId, message.seq)
    await bob.setTyping(chatId, true)
    const mistake = await alice.send(chatId, 'oops')
    await alice.run(DELETE_MESSAGE, { input: { messageId: mistake.id } })
  }
}

async function changeMembers({ alice, bob, carol }: People, { group }: Chats): Promise<void> {
  await alice.setRole(group, carol, 'ADMIN')
  await alice.updateChat(group, { title: 'Coffee', messageTtlSeconds: 60 })
  await alice.updateChat(group, { messageTtlSeconds: 0 })
  await alice.removeMember(group, bob)
  await alice.addMembers(group, [bob])
  await alice.leave(group)
  await carol.addMembers(group, [alice])
}

async function queryEverything({ alice }: People, chats: Chats): Promise<void> {
  await alice.run(CHATS)
  await alice.run(CHATS_BACKWARDS)
  for (const id of Object.values(chats)) {
    type Page = Readonly<{ chat: Readonly<Record<'newest' | 'oldest', { edges: { cursor: string }[] }>> }>
    const { chat } = await alice.run<Page>(PAGE, { id })
    const [before, after] = [chat.newest.edges[0]?.cursor, chat.oldest.edges[0]?.cursor]
    await alice.run(PAGE, { id, before, after })
    await alice.fetchChat(id)
  }
}

/** Reconnects the phone and replays the events since then. */
async function replayMissedEvents({ carol }: People, { group }: Chats): Promise<void> {
  using inbox = carol.inbox('phone')
  await inbox.caughtUp()
  const { headSeq } = await carol.fetchChat(group)
  await carol.markDelivered(group, headSeq, 'phone')
}

/** Runs until bob's last activity is saved in the database. */
async function watchPresence({ databaseUrl }: TestParley, { alice, bob }: People): Promise<void> {
  using watch = new PresenceStream(alice, [bob])
  await heartbeat(bob)
  await watch.nextUpdate(bob, false)
  await queryPresence(alice, bob)
  const saved = 'SELECT FROM users WHERE id = $1 AND last_active_at IS NOT NULL'
  await until(async () => (await query(databaseUrl, saved, [bob.name])).length > 0)
}

/** Runs until the sweep has erased an expired message. */
async function expireMessages({ databaseUrl }: TestParley, { alice, bob }: People): Promise<void> {
  const chat = await alice.createGroup([bob], { messageTtlSeconds: 60 })
  await alice.send(chat, 'burn this')
  await query(databaseUrl, `UPDATE messages SET expires_at = expires_at - interval '1 hour'`)
  await until(async () => {
    const left = await query(
      databaseUrl,
      `SELECT FROM messages WHERE expires_at < now() AND body IS NOT NULL`,
    )
    return left.length === 0
  })
}

/** Runs statements that otherwise need several gateways, a fault, a race or a minute of waiting. */
async function runRareStatements(
  databaseUrl: string,
  { alice, bob }: People,
  { direct }: Chats,
): Promise<void> {
  await using connection = await connect(databaseUrl)
  const writer = writerOn(connection.client)
  const plain = { type: null, data: null }
  const [chatId, senderId] = [direct.replace('chat_', '') as ChatId, alice.name as UserId]
  const draft = {
    chatId,
    senderId,
    clientMessageId: randomUUID(),
    body: 'at once',
    replyToSeq: null,
    ...plain,
  }
  const { claim: claimUploads } = createAttachmentStore({ reader: { query: writer.query } as Reader })
  const appendStore = createAppendStore({ writer, claimUploads })
  await appendStore.appendLocked([{ ...draft, fingerprint: Buffer.of(1), attachmentIds: [] }])
  await createAudienceStore({ writer }).memberSnapshot(chatId)
  await createMessageStore({ reader: { query: writer.query } as Reader }).hasKey(chatId, senderId, 'none')
  const memberships = createMembershipStore({ writer })
  await memberships.heads([bob.name as UserId])
  await memberships.receipts([bob.name as UserId], new Date(0))
  await trimLog(writer, chatId)
}

/** Trims the start of a chat's log, and reads where the log starts now. */
async function trimLog(writer: Writer, chatId: ChatId): Promise<void> {
  const retention = createRetentionStore({ writer })
  const age = { seconds: 0, now: new Date() }
  await retention.nextPage(10, age)
  await retention.trim(chatId, 1, age)
  await createChatLogStore({ reader: { query: writer.query } as Reader }).floor(chatId)
}

/** Returns a writer for stores that use SQL only. */
function writerOn(client: pg.Client): Writer {
  const run: Writer['query'] = (statement, values = []) => runStatement(client, statement, values)
  return {
    query: run,
    async transaction<Result>(work: (tx: Transaction) => Promise<Result>) {
      await client.query('BEGIN')
      const result = await work({ query: run } as Transaction)
      await client.query('COMMIT')
      return result
    },
  } as Writer
}
