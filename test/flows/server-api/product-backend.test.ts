import { expect, test } from 'vitest'
import { withDatabase } from '../../../src/cli/commands/with-database.ts'
import { createWebhooks } from '../../../src/followers/webhooks/webhooks.ts'
import { freePort } from '../../harness/network/free-port.ts'
import { Person } from '../../harness/people/person.ts'
import { SERVER_API, startParley, TEST_SECRET } from '../../harness/servers/parley.ts'
import { runScript } from '../../harness/servers/script-process.ts'

test('examples/product-backend.ts opens a chat, gives tokens, and mails a user who is away', async () => {
  await using parley = await startParley({ config: SERVER_API })
  const backend = await parley.backend()
  const port = await freePort()
  const shop = `http://127.0.0.1:${port}`
  const webhook = await withDatabase(parley.databaseUrl, ({ writer }) =>
    createWebhooks({ writer }).create({
      url: `${shop}/parley`,
      types: ['message.pending'],
      hasContent: false,
      allowsPrivate: true,
      pendingAfterS: 0,
    }),
  )
  await using example = runScript('examples/product-backend.ts', {
    PORT: String(port),
    PARLEY_SERVER_API: backend.url,
    AUTH_SECRET: TEST_SECRET,
    PARLEY_KEY: backend.key,
    PARLEY_WEBHOOK_SECRET: webhook.secrets[0] ?? '',
  })
  await example.lines.next()
  const call = async <Answer>(path: string, customer: string, body: object = {}): Promise<Answer> => {
    const init = { method: 'POST', headers: { 'x-customer': customer }, body: JSON.stringify(body) }
    return (await (await fetch(shop + path, init)).json()) as Answer
  }

  const order = { orderId: '7', sellerId: 'ben' }
  const opened = await call<{ chatId: string }>('/orders', 'ann', order)
  expect(await call('/orders', 'ann', order)).toEqual(opened)
  const { token } = await call<{ token: string }>('/token', 'ann')
  await using ann = new Person({ url: parley.url, token, name: 'ann' })
  const chats = '{ chats { edges { node { id lastMessage { body seq } } } } }'
  const lastMessage = { body: 'Order 7 was placed.', seq: 1 }
  expect(await ann.run(chats)).toEqual({ chats: { edges: [{ node: { id: opened.chatId, lastMessage } }] } })

  await ann.send(opened.chatId, 'When will it arrive?')
  expect(await example.lines.next()).toBe('mail to ben@shop.example: you have a new message')
  expect(await call('/parley', 'ann')).toEqual({ error: expect.stringContaining('header') as unknown })
  expect(await call('/token', 'eve')).toEqual({ error: 'Error: Sign in first.' })
  expect(example.errorLines.all).toEqual([])
})

test('examples/product-backend.ts names each variable that is not set, and says how to make it', async () => {
  await using example = runScript('examples/product-backend.ts', {
    AUTH_SECRET: TEST_SECRET,
    PARLEY_KEY: '',
    PARLEY_WEBHOOK_SECRET: '',
  })
  expect(await example.ended).toEqual({ code: 1, signal: null })
  expect([await example.errorLines.next(), await example.errorLines.next()]).toEqual([
    'PARLEY_KEY is not set. Create a key: export PARLEY_KEY=$(npx parley key create shop)',
    expect.stringMatching(/^PARLEY_WEBHOOK_SECRET is not set. .* npx parley webhook create /) as unknown,
  ])
  expect(example.lines.all).toEqual([])
})
