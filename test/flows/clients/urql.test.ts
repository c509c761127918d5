import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { SEND } from '../../../examples/hand-written/documents.ts'
import { followInbox } from '../../../examples/hand-written/inbox.ts'
import { createUrqlApi, createUrqlClient } from '../../../examples/urql-client.ts'
import { DELETE_MESSAGE, EDIT_MESSAGE, type SendMessageData } from '../../harness/people/documents.ts'
import { startParley } from '../../harness/servers/parley.ts'
import { Person } from '../../harness/people/person.ts'
import { startTcpProxy } from '../../harness/network/tcp-proxy.ts'
import { AppStore } from './app-store.ts'

/** An app on a phone that subscribes to its inbox with urql. */
function startApp({ token, name }: Person, url: string): AsyncDisposable & Readonly<{ store: AppStore }> {
  const [store, stop] = [new AppStore(), new AbortController()]
  const person = new Person({ url, token, name })
  const api = createUrqlApi(createUrqlClient(url, () => token, person.socket))
  void followInbox(api, 'phone', store, stop.signal)
  return {
    store,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await person[Symbol.asyncDispose]()
    },
  }
}

test('an app with urql shows the chats, then new events', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  const { id: messageId } = await alice.send(chat, 'Helo')
  await using app = startApp(bob, parley.url)
  await app.store.shows(chat, ['Helo'])

  await alice.run(EDIT_MESSAGE, { input: { messageId, body: 'Hello' } })
  await app.store.shows(chat, ['Hello'])
  await bob.send(chat, 'from another device')
  await app.store.shows(chat, ['Hello', 'from another device'])
  await alice.run(DELETE_MESSAGE, { input: { messageId } })
  await app.store.shows(chat, [null, 'from another device'])
})

test('a send that urql repeats with the same key makes one message', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chatId = await alice.startChat(bob)
  const { mutate } = createUrqlApi(createUrqlClient(parley.url, () => alice.token, alice.socket))
  const variables = { chatId, clientMessageId: randomUUID(), body: 'Hello' }
  const answers = [
    await mutate<SendMessageData>(SEND, variables),
    await mutate<SendMessageData>(SEND, variables),
  ]
  expect(answers.map(({ sendMessage }) => sendMessage.deduplicated)).toEqual([false, true])
  expect((await bob.fetchChat(chatId)).messages.edges).toHaveLength(1)
})

test('urql subscribes again by itself after a network cut and misses nothing', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  await using proxy = await startTcpProxy(parley.url)
  const chat = await alice.startChat(bob)
  await alice.send(chat, 'one')
  await using app = startApp(bob, proxy.url)
  await app.store.shows(chat, ['one'])

  proxy.cut()
  await alice.send(chat, 'two')
  await alice.send(chat, 'three')
  proxy.restore()
  await alice.send(chat, 'four')
  await app.store.shows(chat, ['one', 'two', 'three', 'four'])
})

test('urql gets an error for an invalid operation, and its connection lives', async () => {
  await using parley = await startParley()
  const [alice] = [await parley.person('alice')]
  const client = createUrqlClient(parley.url, () => alice.token, alice.socket)
  const refused = await client.mutation(SEND, { chatId: 'nonsense', clientMessageId: 'k', body: 'x' })
  expect(refused.error?.graphQLErrors[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', retryable: false })
  const failing = createUrqlApi(client).subscribe('subscription { inbox(deviceId: "") { __typename } }')
  await expect(failing[Symbol.asyncIterator]().next()).rejects.toThrow(/1 to 64 characters/)
  expect((await alice.requestOverSocket('{ viewer { id } }')).data).toEqual({ viewer: { id: alice.id } })
})
