import { expect, test } from 'vitest'
import { createParleyClient, type ParleyClient } from '../src/index.ts'
import { startParley } from '../../../test/harness/servers/parley.ts'

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
