import { expect, test } from 'vitest'
import { startTcpProxy } from '../../../test/harness/network/tcp-proxy.ts'
import type { Person } from '../../../test/harness/people/person.ts'
import { query } from '../../../test/harness/servers/database.ts'
import { startParley, type TestParley, UNLIMITED } from '../../../test/harness/servers/parley.ts'
import { bodies, open, startClient, type TestClient } from './client.ts'
import { jsonStorage } from './json-storage.ts'

const CONFIG = { ...UNLIMITED, logRetentionS: 90 * 86_400 }

/** Makes all events so old that the server deletes them, and waits until none is left. */
async function trimLogs({ databaseUrl }: TestParley): Promise<void> {
  await query(databaseUrl, `UPDATE chat_events SET at = at - interval '100 days'`)
  await query(databaseUrl, 'UPDATE log_sweeps SET due_at = now()')
  await expect.poll(() => query(databaseUrl, 'SELECT 1 FROM chat_events'), { timeout: 20_000 }).toEqual([])
}

/** Everything that a client shows of these chats. */
function shown(client: TestClient, chatIds: readonly string[]) {
  return {
    chats: client.chats.getSnapshot(),
    states: chatIds.map((chatId) => client.chat(chatId).getSnapshot()),
    totalUnread: client.totalUnread.getSnapshot(),
  }
}

/** Waits until the client has read the chats with their messages. */
async function openAll(client: TestClient, chatIds: readonly string[]): Promise<void> {
  for (const chatId of chatIds) open(client, chatId)
  const isLoaded = () => chatIds.every((chatId) => client.chat(chatId).getSnapshot().isLoaded)
  await expect.poll(isLoaded).toBe(true)
}

test('a profile that is older than the log becomes what the server has, and keeps its outbox', async () => {
  await using parley = await startParley({ config: CONFIG })
  await using proxy = await startTcpProxy(parley.url)
  const [alice, bob] = await Promise.all([parley.person('alice'), parley.person('bob')])
  const direct = await alice.startChat(bob)
  const kept = await alice.createGroup([bob], { title: 'Kept' })
  const left = await alice.createGroup([bob], { title: 'Left' })
  const all = [direct, kept, left]
  for (const chatId of all) await alice.send(chatId, 'before')
  const storage = jsonStorage()
  {
    await using client = await startClient({ url: proxy.url, token: bob.token, storage })
    await openAll(client, all)
    // The server has to know the device's positions: without any, nothing would be missing.
    const isDelivered = (person: Person) => async () => {
      const chats = await Promise.all(all.map((chatId) => alice.fetchChat(chatId)))
      return chats.every(({ headSeq, members }) =>
        members.edges.some(({ node }) => node.user.id === person.id && node.deliveredSeq === headSeq),
      )
    }
    await expect.poll(isDelivered(bob)).toBe(true)
    proxy.cut()
    await expect.poll(() => client.connection.getSnapshot().type).toBe('offline')
    for (const body of ['unsent one', 'unsent two']) await client.chat(direct).send({ body })
    await client.chat(left).send({ body: 'too late' })
  }

  const { id: editedId } = await alice.send(kept, 'first wording')
  await alice.run(
    'mutation ($id: ID!) { editMessage(input: { messageId: $id, body: "second wording" }) { message { id } } }',
    {
      id: editedId,
    },
  )
  for (const chatId of [direct, kept]) await alice.send(chatId, 'while away')
  await alice.removeMember(left, bob)
  await trimLogs(parley)
  await alice.send(kept, 'after the sweep')
  const created = await alice.createGroup([bob], { title: 'New' })

  proxy.restore()
  let resets = 0
  const Recording = class extends WebSocket {
    constructor(...args: ConstructorParameters<typeof WebSocket>) {
      super(...args)
      this.addEventListener('message', ({ data }) => (resets += String(data).includes('InboxReset') ? 1 : 0))
    }
  }
  await using client = await startClient({ url: proxy.url, token: bob.token, storage, WebSocket: Recording })
  const now = [direct, kept, left, created]
  await openAll(client, now)
  await expect
    .poll(() => bodies(client, direct))
    .toEqual(['before', 'while away', 'unsent one', 'unsent two'])
  await expect
    .poll(async () => (await alice.fetchChat(direct)).messages.edges.map(({ node }) => node.body))
    .toEqual(['before', 'while away', 'unsent one', 'unsent two'])
  const late = () => client.chat(left).getSnapshot().messages.at(-1)
  await expect.poll(() => [late()?.body, late()?.status]).toEqual(['too late', 'failed'])
  client.chat(left).discard(late()?.clientMessageId ?? '')
  expect(resets).toBe(1)

  await using fresh = await startClient({ url: parley.url, token: bob.token })
  await openAll(fresh, now)
  expect(bodies(fresh, kept)).toEqual(['before', 'second wording', 'while away', 'after the sweep'])
  await expect.poll(() => shown(client, now)).toEqual(shown(fresh, now))
  expect(client.errors).toEqual([])
})
