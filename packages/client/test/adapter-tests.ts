import { expect, test } from 'vitest'
import { backUpTo, restoreFrom } from '../../../test/flows/backup/running.ts'
import { temporaryFolder } from '../../../test/flows/cli/program.ts'
import { photo } from '../../../test/harness/fixtures/pictures.ts'
import { startTcpProxy } from '../../../test/harness/network/tcp-proxy.ts'
import { sendFiles, upload } from '../../../test/harness/people/files.ts'
import { createEmptyTestDatabase } from '../../../test/harness/servers/database.ts'
import { startParley, type TestParley } from '../../../test/harness/servers/parley.ts'
import { memoryStorage, type ParleyClient, type ParleyClientOptions } from '../src/index.ts'
import { fileUploads } from '../src/uploads.ts'

type Variables = Readonly<Record<string, unknown>>
type Response = Readonly<{ data: unknown; code: unknown }>

/** A team's client with a cache of its own, as the tests use it. */
export type TeamClient = AsyncDisposable &
  Readonly<{
    parley: ParleyClient
    errors: readonly unknown[]
    /** Shows a query as a component does. Returns a function that returns what is shown. */
    watch(document: string, variables?: Variables): () => unknown
    /** Loads the page before a cursor, as a component does. */
    loadBefore(document: string, variables: Variables): Promise<void>
    mutate(document: string, variables: Variables): Promise<Response>
    subscribe(document: string, variables: Variables, onData: (data: unknown) => void): () => void
    close(): Promise<void>
  }>

/** Creates a client without waiting until it is live. */
export type CreateTeamClient = (options: ParleyClientOptions) => TeamClient

const MESSAGES = `query Messages($id: ID!, $before: String) { chat(id: $id) { id headSeq unreadCount
  messages(last: 2, before: $before) { edges { node { id body status sender { id name } } }
  pageInfo { hasPreviousPage startCursor } } } }`
const SEND = `mutation Send($input: SendMessageInput!) {
  sendMessage(input: $input) { deduplicated message { id body status chat { id title } } } }`

/** The engine keeps no events, and presence only of users who are watched. */
const BEYOND = `query Beyond($id: ID!) { chat(id: $id) { id events(afterSeq: 0) { __typename seq }
  messages(last: 5) { edges { node { id body attachments { id kind } sender { id presence { online } } } } } } }`

const FILES = `query Files($id: ID!) { chat(id: $id) { id messages(last: 5) { edges { node { id body
  attachments { id kind fileName width thumbhash url small: thumbnailUrl large: thumbnailUrl(maxEdge: 1280) urlExpiresAt }
  } } } } }`

type Beyond = Readonly<{
  chat: Readonly<{
    events: readonly unknown[]
    messages: Readonly<{
      edges: readonly Readonly<{
        node: Readonly<{ attachments: unknown; sender: Readonly<{ presence: unknown }> }>
      }>[]
    }>
  }>
}>

type Messages = Readonly<{
  chat: Readonly<{
    headSeq: number
    messages: Readonly<{
      edges: readonly Readonly<{ node: Readonly<{ body: string | null; status: string }> }>[]
      pageInfo: Readonly<{ hasPreviousPage: boolean; startCursor: string | null }>
    }>
  }>
}>

/** The tests of a package that writes into a team's own cache. */
export function testAdapter(create: CreateTeamClient): void {
  async function start(options: ParleyClientOptions): Promise<TeamClient> {
    const client = create(options)
    await client.parley.start()
    return client
  }

  async function twoPeople(parley: TestParley) {
    const [alice, bob] = await Promise.all([parley.person('alice'), parley.person('bob')])
    return { alice, bob, chatId: await alice.startChat(bob) }
  }

  const bodiesOf = (data: unknown): readonly unknown[] | undefined =>
    (data as Messages | undefined)?.chat.messages.edges.map(({ node }) => node.body)

  test('shows messages, receipts and older pages to plain queries', async () => {
    await using parley = await startParley()
    const { alice, bob, chatId } = await twoPeople(parley)
    for (const body of ['one', 'two', 'three', 'four', 'five']) await alice.send(chatId, body)
    await using client = await start({ url: parley.url, token: bob.token, pageSize: 2 })
    const shown = client.watch(MESSAGES, { id: chatId })
    await expect.poll(() => bodiesOf(shown())).toEqual(['four', 'five'])
    await alice.send(chatId, 'six')
    await expect.poll(() => bodiesOf(shown())).toEqual(['four', 'five', 'six'])
    expect(shown()).toMatchObject({ chat: { unreadCount: 6, headSeq: 6 } })
    const { startCursor } = (shown() as Messages).chat.messages.pageInfo
    await client.loadBefore(MESSAGES, { id: chatId, before: startCursor })
    await expect.poll(() => bodiesOf(shown())).toEqual(['two', 'three', 'four', 'five', 'six'])
    await client.parley.chat(chatId).send({ body: 'seven' })
    const status = () => (shown() as Messages).chat.messages.edges.at(-1)?.node
    await expect.poll(status).toMatchObject({ body: 'seven', status: 'SENT' })
    await alice.markRead(chatId, 7)
    await expect.poll(status).toMatchObject({ body: 'seven', status: 'READ' })
    expect(client.errors).toEqual([])
  })

  test('lists chats that are new to the device, with documents that select no ids', async () => {
    await using parley = await startParley()
    const [alice, bob] = await Promise.all([parley.person('alice'), parley.person('bob')])
    await using client = await start({ url: parley.url, token: bob.token })
    const shown = client.watch('{ chats { edges { node { title lastMessage { body } } } } }')
    const titles = (): unknown =>
      (shown() as { chats: { edges: { node: { title: string | null } }[] } } | undefined)?.chats.edges.map(
        ({ node }) => node.title,
      )
    await expect.poll(titles).toEqual([])
    const groupId = await alice.createGroup([bob], { title: 'Tea' })
    await expect.poll(titles).toEqual(['Tea'])
    await alice.updateChat(groupId, { title: 'Coffee' })
    await expect.poll(titles).toEqual(['Coffee'])
    const START = `mutation Start($userId: ID!) { startDirectChat(input: { userId: $userId }) { chat { kind } } }`
    expect(await client.mutate(START, { userId: alice.id })).toMatchObject({ code: undefined })
    await expect.poll(titles).toEqual([null, 'Coffee'])
    expect(client.errors).toEqual([])
  })

  test('completes from the server what a query selects beyond the engine, also for what comes later', async () => {
    await using parley = await startParley()
    const { alice, bob } = await twoPeople(parley)
    const carol = await parley.person('carol')
    const id = await alice.createGroup([bob], { title: 'Tea' })
    await alice.send(id, 'one')
    await using client = await start({ url: parley.url, token: bob.token })
    const shown = client.watch(BEYOND, { id })
    await expect.poll(() => bodiesOf(shown())).toEqual(['one'])
    // Of a sender that the query has not met, the engine knows no presence.
    await alice.addMembers(id, [carol])
    await carol.send(id, 'two')
    await alice.send(id, 'three')
    await expect.poll(() => bodiesOf(shown())).toEqual(['one', 'two', 'three'])
    const { chat } = shown() as Beyond
    expect(chat.events.length).toBeGreaterThan(0)
    for (const { node } of chat.messages.edges) {
      expect(node.sender.presence).toMatchObject({ online: expect.anything() as unknown })
      expect(node.attachments).toEqual([])
    }
  })

  test('sends the mutation of the team through the outbox, exactly once', async () => {
    await using parley = await startParley()
    const { alice, bob, chatId } = await twoPeople(parley)
    await using proxy = await startTcpProxy(parley.url)
    await using client = await start({ url: proxy.url, token: bob.token })
    const shown = client.watch(MESSAGES, { id: chatId })
    await expect.poll(() => bodiesOf(shown())).toEqual([])
    proxy.cut()
    await expect.poll(() => client.parley.connection.getSnapshot().type).toBe('offline')
    const input = { chatId, body: 'Hello', clientMessageId: 'chosen-by-the-team' }
    const sent = client.mutate(SEND, { input })
    const chat = client.parley.chat(chatId)
    await expect
      .poll(() => chat.getSnapshot().messages)
      .toMatchObject([{ id: undefined, status: 'pending', clientMessageId: 'chosen-by-the-team' }])
    expect(bodiesOf(shown())).toEqual([])
    proxy.restore()
    expect(await sent).toMatchObject({
      data: { sendMessage: { deduplicated: false, message: { body: 'Hello', status: 'SENT' } } },
    })
    await expect.poll(() => bodiesOf(shown())).toEqual(['Hello'])
    const { messages } = await alice.fetchChat(chatId)
    expect(messages.edges.map(({ node }) => node.body)).toEqual(['Hello'])
    // A repetition with the same key, such as that of a retry link, sends nothing.
    expect(await client.mutate(SEND, { input })).toMatchObject({ code: undefined })
    expect(bodiesOf(shown())).toEqual(['Hello'])
  })

  test('shows files as the server would, and sends those of the team and of the client', async () => {
    await using parley = await startParley({ media: 'folder' })
    const { alice, bob, chatId } = await twoPeople(parley)
    await using client = await start({ url: parley.url, token: bob.token, uploads: fileUploads() })
    const shown = client.watch(FILES, { id: chatId })
    await expect.poll(() => bodiesOf(shown())).toEqual([])
    const named = { fileName: 'sea.jpg', contentType: 'image/jpeg' }
    const picture = await photo(400, 300)
    const [hers, his] = [await upload(alice, picture, named), await upload(bob, picture, named)]
    await sendFiles(alice, chatId, [hers], { body: 'hers' })
    const input = { chatId, attachmentIds: [his.id], clientMessageId: 'chosen-by-the-team' }
    expect(await client.mutate(SEND, { input })).toMatchObject({
      data: { sendMessage: { message: { body: null, status: 'SENT' } } },
    })
    const text = new File(['notes'], 'notes.txt', { type: 'text/plain' })
    await client.parley.chat(chatId).send({ body: 'own', attachments: [text] })
    await expect.poll(() => bodiesOf(shown())).toEqual(['hers', null, 'own'])
    expect(shown()).toMatchObject(await bob.run<object>(FILES, { id: chatId }))
    expect(client.errors).toEqual([])
  })

  test('reports the error of a message that the server rejects', async () => {
    await using parley = await startParley()
    const { bob } = await twoPeople(parley)
    await using client = await start({ url: parley.url, token: bob.token })
    const input = { chatId: 'chat_00000000-0000-7000-8000-000000000000', body: 'x', clientMessageId: 'k' }
    expect(await client.mutate(SEND, { input })).toMatchObject({ code: 'NOT_FOUND' })
  })

  test('keeps newer state when an older response arrives late', async () => {
    await using parley = await startParley()
    const { alice, bob, chatId } = await twoPeople(parley)
    const arrived = Promise.withResolvers<undefined>()
    const released = Promise.withResolvers<undefined>()
    const holding: typeof fetch = async (input, init) => {
      const response = await fetch(input, init)
      if (typeof init?.body !== 'string' || !init.body.includes('Held')) return response
      arrived.resolve(undefined)
      await released.promise
      return response
    }
    await alice.send(chatId, 'one')
    await using client = await start({ url: parley.url, token: bob.token, fetch: holding })
    const shown = client.watch(MESSAGES, { id: chatId })
    await expect.poll(() => bodiesOf(shown())).toEqual(['one'])
    // The engine does not keep events, so this query goes to the server.
    const HELD = `query Held($id: ID!) { chat(id: $id) { id headSeq unreadCount events(afterSeq: 0) { seq }
      messages(last: 5) { edges { node { id body } } pageInfo { hasPreviousPage startCursor } } } }`
    const held = client.watch(HELD, { id: chatId })
    await arrived.promise
    await alice.send(chatId, 'two')
    await expect.poll(() => bodiesOf(shown())).toEqual(['one', 'two'])
    // No receipt may follow: it would write the chat again.
    const chat = client.parley.chat(chatId)
    await expect
      .poll(() => chat.getSnapshot().members.find(({ user }) => user.id === bob.id)?.deliveredSeq)
      .toBe(2)
    released.resolve(undefined)
    await expect.poll(held).toMatchObject({ chat: { headSeq: 2, unreadCount: 2 } })
    expect(bodiesOf(held())).toEqual(['one', 'two'])
    expect(bodiesOf(shown())).toEqual(['one', 'two'])
  })

  test('keeps the presence of users that a query selects', async () => {
    await using parley = await startParley()
    const { alice, bob, chatId } = await twoPeople(parley)
    await alice.send(chatId, 'Hello')
    await using client = await start({ url: parley.url, token: bob.token })
    const shown = client.watch('query User($id: ID!) { user(id: $id) { name presence { online } } }', {
      id: alice.id,
    })
    await expect.poll(shown).toMatchObject({ user: { presence: { online: true } } })
    await expect.poll(shown, { timeout: 40_000 }).toMatchObject({ user: { presence: { online: false } } })
    await alice.setTyping(chatId, true)
    await expect.poll(shown).toMatchObject({ user: { presence: { online: true } } })
  })

  test('replaces what a restored backup does not contain', async () => {
    await using folder = await temporaryFolder()
    await using restored = await createEmptyTestDatabase()
    const first = await startParley()
    const { alice, bob, chatId } = await twoPeople(first)
    const port = Number(new URL(first.url).port)
    await using client = await start({ url: first.url, token: bob.token })
    const shown = client.watch(MESSAGES, { id: chatId })
    await alice.send(chatId, 'one')
    await expect.poll(() => bodiesOf(shown())).toEqual(['one'])
    const backup = await backUpTo(first.databaseUrl, folder.path)
    await alice.send(chatId, 'lost')
    await alice.createGroup([bob], { title: 'Lost' })
    const list = client.watch('{ chats { edges { node { id } } } }')
    await expect.poll(list).toMatchObject({ chats: { edges: { length: 2 } } })
    await expect.poll(() => bodiesOf(shown())).toEqual(['one', 'lost'])
    expect(await restoreFrom(backup, restored.url)).toMatchObject({ code: 0 })
    await first[Symbol.asyncDispose]()
    await using second = await startParley({ databaseUrl: restored.url, port })
    await expect.poll(() => bodiesOf(shown()), { timeout: 20_000 }).toEqual(['one'])
    await expect.poll(list).toMatchObject({ chats: { edges: { length: 1 } } })
    const again = await second.person('alice')
    await again.send(chatId, 'two')
    await expect.poll(() => bodiesOf(shown())).toEqual(['one', 'two'])
  })

  test('runs subscriptions of the team, also after the connection was lost', async () => {
    await using parley = await startParley()
    const { alice, bob, chatId } = await twoPeople(parley)
    await using proxy = await startTcpProxy(parley.url)
    await using client = await start({ url: proxy.url, token: bob.token })
    const received: unknown[] = []
    const EVENTS = `subscription Events($id: ID!) {
      chatEvents(chatId: $id) { __typename ... on ChatEvent { seq chat { id } } ... on MessageSent { message { body } } } }`
    const dispose = client.subscribe(EVENTS, { id: chatId }, (data) => received.push(data))
    const bodies = (): unknown[] =>
      (received as { chatEvents: { message?: { body: string } } }[]).flatMap(
        ({ chatEvents }) => chatEvents.message?.body ?? [],
      )
    // Without a position the subscription starts at the head. CaughtUp tells when. Receipts arrive at any time.
    const starts = (): number =>
      (received as { chatEvents: { __typename: string } }[]).filter(
        ({ chatEvents }) => chatEvents.__typename === 'CaughtUp',
      ).length
    await expect.poll(starts).toBe(1)
    await alice.send(chatId, 'one')
    await expect.poll(bodies).toEqual(['one'])
    proxy.cut()
    await expect.poll(() => client.parley.connection.getSnapshot().type).toBe('offline')
    proxy.restore()
    await expect.poll(starts, { timeout: 20_000 }).toBe(2)
    await alice.send(chatId, 'two')
    await expect.poll(bodies).toEqual(['one', 'two'])
    expect(client.errors).toEqual([])
    dispose()
  })

  test('shows what storage holds without a connection, and ends when the user signs out', async () => {
    await using parley = await startParley()
    const { alice, bob, chatId } = await twoPeople(parley)
    await using proxy = await startTcpProxy(parley.url)
    const storage = { ...memoryStorage(), close: async () => undefined }
    const options = { url: proxy.url, token: bob.token, storage }
    await alice.send(chatId, 'one')
    const first = await start(options)
    const online = first.watch(MESSAGES, { id: chatId })
    await expect.poll(() => bodiesOf(online())).toEqual(['one'])
    await first.close()

    proxy.cut()
    const second = create(options)
    const started = second.parley.start().catch((error: unknown) => error)
    const offline = second.watch(MESSAGES, { id: chatId })
    await expect.poll(() => bodiesOf(offline())).toEqual(['one'])
    const sent = second.mutate(SEND, { input: { chatId, body: 'two', clientMessageId: 'second' } })
    await expect.poll(() => second.parley.chat(chatId).getSnapshot().messages.length).toBe(2)
    await second.close()
    expect(await sent).toMatchObject({ code: 'CLOSED' })
    expect(await started).toMatchObject({ code: 'CLOSED' })

    proxy.restore()
    // The outbox has outlived the sign-out.
    await using third = await start(options)
    const again = third.watch(MESSAGES, { id: chatId })
    await expect.poll(() => bodiesOf(again())).toEqual(['one', 'two'])
  })
}
