import { expect, test } from 'vitest'
import { issueToken } from '../../../src/auth/issue-token.ts'
import { createEmptyTestDatabase } from '../../../test/harness/servers/database.ts'
import { startParley, TEST_SECRET, UNLIMITED } from '../../../test/harness/servers/parley.ts'
import { backUpTo, restoreFrom } from '../../../test/flows/backup/running.ts'
import { temporaryFolder } from '../../../test/flows/cli/program.ts'
import { bodies, createClient, open, startClient } from './client.ts'

/** A WebSocket that drops the messages that `isDropped` recognises. */
function lossyWebSocket(isDropped: (data: string) => boolean): typeof WebSocket {
  return class extends WebSocket {
    override set onmessage(listener: ((event: MessageEvent) => void) | null) {
      // graphql-ws sets this property, so this is where its messages can be dropped.
      // oxlint-disable-next-line unicorn/prefer-add-event-listener
      super.onmessage = (event: MessageEvent) => isDropped(String(event.data)) || listener?.(event)
    }
  }
}

/** Collects the positions of each markDelivered that a client sends. */
function recordPositions() {
  const calls: { chatId: string; seq: number }[][] = []
  const recording: typeof fetch = (input, init) => {
    const { query, variables } = JSON.parse(init?.body as string) as {
      query: string
      variables: { input: { positions: { chatId: string; seq: number }[] } }
    }
    if (query.includes('markDelivered')) calls.push(variables.input.positions)
    return fetch(input, init)
  }
  return { calls, fetch: recording }
}

test('lists all of 130 chats and keeps them up to date', async () => {
  await using parley = await startParley({ config: UNLIMITED })
  const [alice, bob] = await Promise.all([parley.person('alice'), parley.person('bob')])
  const ids: string[] = []
  for (let n = 0; n < 130; n++) ids.push(await alice.createGroup([bob], { title: `Group ${n}` }))
  await using client = await startClient({ url: parley.url, token: bob.token })
  expect(client.chats.getSnapshot().map(({ id }) => id)).toEqual(ids.toReversed())
  const oldest = ids[0] as string
  await alice.send(oldest, 'Still here?')
  await expect.poll(() => client.chats.getSnapshot()[0]?.lastMessage?.body).toBe('Still here?')
  expect(client.chats.getSnapshot()).toHaveLength(130)
})

test('acknowledges 501 chats in calls of at most 500, and is sent nothing again', async () => {
  await using parley = await startParley({ config: UNLIMITED })
  const [alice, bob] = await Promise.all([parley.person('alice'), parley.person('bob')])
  await Promise.all(Array.from({ length: 501 }, () => alice.createGroup([bob])))
  const { calls, fetch } = recordPositions()
  await using client = await startClient({ url: parley.url, token: bob.token, deviceId: 'phone', fetch })
  await expect.poll(() => calls.flat().length).toBe(501)
  expect(Math.max(...calls.map((positions) => positions.length))).toBeLessThanOrEqual(500)
  await client.close()
  using inbox = bob.inbox('phone')
  await inbox.caughtUp()
  expect(
    inbox.items.all.map(({ __typename }) => __typename).filter((type) => type !== 'ReceiptAdvanced'),
  ).toEqual(['CaughtUp'])
})

test('reads from the log what the inbox did not deliver, and applies it in order', async () => {
  await using parley = await startParley()
  const [alice, bob] = await Promise.all([parley.person('alice'), parley.person('bob')])
  const chatId = await alice.startChat(bob)
  const WebSocket = lossyWebSocket((data) => /"body":"(two|three)"/.test(data))
  await using client = await startClient({ url: parley.url, token: bob.token, WebSocket })
  open(client, chatId)
  for (const body of ['one', 'two', 'three', 'four']) await alice.send(chatId, body)
  await expect.poll(() => bodies(client, chatId)).toEqual(['one', 'two', 'three', 'four'])
})

test('takes over the state of the server when a backup is restored while the app runs', async () => {
  await using folder = await temporaryFolder()
  await using restored = await createEmptyTestDatabase()
  const first = await startParley()
  const port = Number(new URL(first.url).port)
  const [alice, bob] = await Promise.all([first.person('alice'), first.person('bob')])
  const chatId = await alice.startChat(bob)
  await using client = await startClient({ url: first.url, token: bob.token })
  open(client, chatId)
  for (const body of ['one', 'two']) await alice.send(chatId, body)
  const backup = await backUpTo(first.databaseUrl, folder.path)
  for (const body of ['lost', 'lost too']) await alice.send(chatId, body)
  await expect.poll(() => bodies(client, chatId)).toEqual(['one', 'two', 'lost', 'lost too'])
  expect(await restoreFrom(backup, restored.url)).toMatchObject({ code: 0 })
  await first[Symbol.asyncDispose]()

  await using second = await startParley({ databaseUrl: restored.url, port })
  const again = await second.person('alice')
  await again.send(chatId, 'three')
  await expect.poll(() => bodies(client, chatId), { timeout: 20_000 }).toEqual(['one', 'two', 'three'])
  // Seq 4 was acknowledged before the restore; that does not keep the new position 3 from the server.
  const delivered = async () => {
    const { members } = await again.fetchChat(chatId)
    return members.edges.find(({ node }) => node.user.id === bob.id)?.node.deliveredSeq
  }
  await expect.poll(delivered).toBe(3)
  for (const body of ['four', 'five', 'six']) await again.send(chatId, body)
  await expect.poll(() => bodies(client, chatId)).toEqual(['one', 'two', 'three', 'four', 'five', 'six'])
  expect(client.errors).toEqual([])
})

test('renews its token on the live connection', async () => {
  await using parley = await startParley()
  const bob = await parley.person('bob')
  let calls = 0
  const token = () => {
    calls += 1
    return issueToken(TEST_SECRET, { subject: 'bob', name: 'Bob', expiresAt: new Date(Date.now() + 4_000) })
  }
  await using client = await startClient({ url: parley.url, token })
  const states: string[] = []
  client.connection.subscribe(() => states.push(client.connection.getSnapshot().type))
  await expect.poll(() => calls, { timeout: 20_000 }).toBeGreaterThan(3)
  expect(states).toEqual([])
  expect(bob.id).toBe(client.viewer.getSnapshot()?.id)
})

test('reports a token that is rejected at the start as the state of the connection', async () => {
  await using parley = await startParley()
  await using client = createClient({ url: parley.url, token: 'a.b.c' })
  await expect(client.start()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  expect(client.connection.getSnapshot()).toMatchObject({ type: 'signed-out' })
})

test('shows the presence of a user once the first message makes the chat a shared one', async () => {
  await using parley = await startParley({ config: UNLIMITED })
  const [alice, bob] = await Promise.all([parley.person('alice'), parley.person('bob')])
  let rejections = 0
  const WebSocket = lossyWebSocket((data) => {
    if (data.includes('NOT_FOUND')) rejections += 1
    return false
  })
  await using client = await startClient({ url: parley.url, token: alice.token, WebSocket })
  const { id } = await client.startDirectChat(bob.id)
  const presence = client.presence(bob.id)
  presence.subscribe(() => undefined)
  // The server rejects the subscription: a chat without messages is not shared yet.
  await expect.poll(() => rejections).toBeGreaterThan(0)
  expect(presence.getSnapshot().type).toBe('unknown')
  await client.chat(id).send({ body: 'Hello' })
  await bob.run('mutation { heartbeat(input: { userActivity: true }) { presence { online } } }')
  await expect.poll(() => presence.getSnapshot().type).toBe('online')
})

test('rejects `start` when the server rejects the token', async () => {
  await using parley = await startParley()
  await expect(startClient({ url: parley.url, token: 'a.b.c' })).rejects.toMatchObject({
    code: 'UNAUTHENTICATED',
  })
})
