import { expect, test } from 'vitest'
import { createParleyClient, type ParleyClient } from '../src/index.ts'
import { SERVER_API, startParley } from '../../../test/harness/servers/parley.ts'

test('delivers a message from one client to another, with receipts', async () => {
  await using parley = await startParley()
  const [alice, bob] = await Promise.all([parley.person('alice'), parley.person('bob')])
  const clients = [alice, bob].map(({ token }) => createParleyClient({ url: parley.url, token }))
  const [a, b] = clients as [ParleyClient, ParleyClient]
  try {
    await Promise.all(clients.map((client) => client.start()))
    const { id } = await a.startDirectChat(bob.id)
    const chat = a.chat(id)
    chat.subscribe(() => undefined)
    const sent = await chat.send({ body: 'Hello' })
    expect(sent.status).toBe('pending')
    await expect
      .poll(() => chat.getSnapshot().messages.map((m) => [m.body, m.status]))
      .toEqual([['Hello', 'delivered']])
    const other = b.chat(id)
    other.subscribe(() => undefined)
    await expect.poll(() => other.getSnapshot().messages.map((m) => m.body)).toEqual(['Hello'])
    expect(b.totalUnread.getSnapshot()).toBe(1)
    other.markRead()
    expect(b.totalUnread.getSnapshot()).toBe(0)
    await expect.poll(() => chat.getSnapshot().messages.map((m) => m.status)).toEqual(['read'])
    expect(b.chats.getSnapshot().map(({ title }) => title)).toEqual(['Alice'])
  } finally {
    await Promise.all(clients.map((client) => client.close()))
  }
})

test('a chat that the product deletes leaves the list of a running client', async () => {
  await using parley = await startParley({ config: SERVER_API })
  const [alice, bob] = await Promise.all([parley.person('alice'), parley.person('bob')])
  const [chatId, kept] = [await alice.startChat(bob), await alice.createGroup([bob])]
  await alice.send(chatId, 'Hello')
  const backend = await parley.backend()
  const client = createParleyClient({ url: parley.url, token: bob.token })
  try {
    await client.start()
    const ids = (): readonly string[] => client.chats.getSnapshot().map(({ id }) => id)
    expect(ids().toSorted()).toEqual([chatId, kept].toSorted())
    await backend.run(`mutation { deleteChat(chatId: "${chatId}") { deleted } }`)
    await expect.poll(ids).toEqual([kept])
  } finally {
    await client.close()
  }
})
