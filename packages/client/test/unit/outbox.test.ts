import { expect, onTestFinished, test, vi } from 'vitest'
import type { ClientStorage } from '../../src/api.ts'
import { networkError, ParleyError } from '../../src/errors.ts'
import type { Request } from '../../src/graphql/http.ts'
import { Model } from '../../src/model/model.ts'
import { type ChatRecord, type MessageRecord, UNKNOWN_CHAT } from '../../src/model/records.ts'
import { createOutbox, type Outbox } from '../../src/outbox/outbox.ts'
import { memoryStorage } from '../../src/storage/memory-storage.ts'
import { joinAlone } from '../../src/tabs/tabs.ts'
import { jsonStorage } from '../json-storage.ts'

type Input = Readonly<{ chatId: string; clientMessageId: string; body: string }>
type Answer = 'stored' | ParleyError

const BOB = { id: 'user_bob', name: 'Bob', avatarUrl: null }
const UNAVAILABLE = new ParleyError('UNAVAILABLE', 'Try again.', { isRetryable: true, retryAfterMs: 1 })
const FORBIDDEN = new ParleyError('FORBIDDEN', 'You are not a member.')

/** A server that stores each key once. The test may answer by itself, also lose an answer to a stored message. */
function createServer() {
  const stored: string[] = []
  const requests: string[] = []
  const seqs = new Map<string, number>()
  const waiting: ((answer: Answer | 'lost') => void)[] = []
  let isAutomatic = true
  const request = async (_document: string, variables: object = {}): Promise<unknown> => {
    const { clientMessageId, body } = (variables as { input: Input }).input
    requests.push(body)
    const answer = isAutomatic
      ? 'stored'
      : await new Promise<Answer | 'lost'>((resolve) => waiting.push(resolve))
    if (answer instanceof ParleyError) throw answer
    if (!seqs.has(clientMessageId)) {
      seqs.set(clientMessageId, seqs.size + 1)
      stored.push(body)
    }
    if (answer === 'lost') throw networkError('lost')
    const seq = seqs.get(clientMessageId) ?? 0
    return { sendMessage: { message: { id: `message_${seq}`, seq, sentAt: '2026-11-30T12:00:00.000Z' } } }
  }
  return {
    request: request as Request,
    stored,
    requests,
    hold: () => void (isAutomatic = false),
    /** Answers the oldest request, once there is one. */
    async answer(answer: Answer | 'lost') {
      await expect.poll(() => waiting.length).toBeGreaterThan(0)
      waiting.shift()?.(answer)
    },
  }
}

/** A storage that several tabs share. */
function sharedStorage(): ClientStorage {
  let busy: Promise<void> = Promise.resolve()
  return {
    ...memoryStorage(),
    joinTabs: joinAlone,
    exclusively: (work) => (busy = busy.then(work)),
  }
}

function createTab(server: ReturnType<typeof createServer>, storage: ClientStorage = memoryStorage()) {
  const errors: unknown[] = []
  const stop = new AbortController()
  const outbox = createOutbox({
    storage,
    prefix: 'user_bob/outbox/',
    model: new Model(() => []),
    request: server.request,
    signal: stop.signal,
    onChanged: () => undefined,
    onStored: () => undefined,
    onSent: () => undefined,
    onError: (error) => void errors.push(error),
  })
  return { outbox, errors, stop }
}

const CHAT: ChatRecord = { ...UNKNOWN_CHAT, id: 'chat_1' }

function shown(outbox: Outbox, chat = CHAT) {
  return outbox
    .unsentIn(chat, BOB.id, () => BOB)
    .map(({ body, status, error }) => [body, status, error?.code])
}

async function addAll(outbox: Outbox, ...bodies: readonly string[]): Promise<void> {
  for (const body of bodies) await outbox.add('chat_1', { body })
}

test('sends the messages of a chat one after another, in the order of send', async () => {
  const server = createServer()
  server.hold()
  const { outbox } = createTab(server)
  outbox.setSender(true, true)
  await Promise.all(['a', 'b', 'c'].map((body) => outbox.add('chat_1', { body })))
  await server.answer('stored')
  await expect.poll(() => server.requests).toEqual(['a', 'b'])
  await server.answer('stored')
  await server.answer('stored')
  await expect.poll(() => server.stored).toEqual(['a', 'b', 'c'])
})

test('does not let one chat wait for another', async () => {
  const server = createServer()
  server.hold()
  const { outbox } = createTab(server)
  outbox.setSender(true, true)
  await outbox.add('chat_1', { body: 'slow' })
  await outbox.add('chat_2', { body: 'other' })
  await expect.poll(() => server.requests).toEqual(['slow', 'other'])
})

test('sends the messages of several tabs in the order of send, whatever their clocks say', async () => {
  const server = createServer()
  const storage = sharedStorage()
  const [leader, follower] = [createTab(server, storage), createTab(server, storage)]
  const now = Date.now
  try {
    for (const [{ outbox }, body, ms] of [
      [follower, 'a', 5_000],
      [leader, 'b', 3_000],
      [follower, 'c', 4_000],
      [leader, 'd', 1_000],
    ] as const) {
      Date.now = () => ms
      await outbox.add('chat_1', { body })
    }
  } finally {
    Date.now = now
  }
  leader.outbox.setSender(true, true)
  await expect.poll(() => server.stored).toEqual(['a', 'b', 'c', 'd'])
  await follower.outbox.load()
  expect(shown(follower.outbox)).toEqual([])
})

test('repeats a message whose outcome is unknown until it is stored, and stores it once', async () => {
  const server = createServer()
  server.hold()
  const { outbox } = createTab(server)
  outbox.setSender(true, true)
  await addAll(outbox, 'a', 'b')
  await server.answer('lost')
  await server.answer(UNAVAILABLE)
  expect(shown(outbox)[0]).toEqual(['a', 'pending', undefined])
  await server.answer('stored')
  await server.answer('stored')
  await expect.poll(() => server.requests).toEqual(['a', 'a', 'a', 'b'])
  expect(server.stored).toEqual(['a', 'b'])
})

test('keeps a message with a definite error as failed, sends the next, and sends it again on retry', async () => {
  const server = createServer()
  server.hold()
  const storage = memoryStorage()
  const { outbox } = createTab(server, storage)
  outbox.setSender(true, true)
  const key = await outbox.add('chat_1', { body: 'a' })
  await outbox.add('chat_1', { body: 'b' })
  await server.answer(FORBIDDEN)
  await server.answer('stored')
  await expect.poll(() => server.stored).toEqual(['b'])
  const again = createTab(server, storage)
  await again.outbox.load()
  expect(shown(again.outbox)).toEqual([['a', 'failed', 'FORBIDDEN']])
  outbox.retry(key)
  await server.answer('stored')
  await expect.poll(() => server.stored).toEqual(['b', 'a'])
})

test('discards failed and waiting messages, but not the one that is being sent', async () => {
  const server = createServer()
  server.hold()
  const storage = memoryStorage()
  const { outbox, errors } = createTab(server, storage)
  outbox.setSender(true, true)
  const [failed, sending, waiting] = [
    await outbox.add('chat_1', { body: 'failed' }),
    await outbox.add('chat_1', { body: 'sending' }),
    await outbox.add('chat_1', { body: 'waiting' }),
  ]
  await server.answer(FORBIDDEN)
  await expect.poll(() => server.requests).toEqual(['failed', 'sending'])
  for (const key of [failed, sending, waiting]) outbox.discard(key)
  await expect.poll(() => storage.keys('user_bob/outbox/')).toHaveLength(1)
  expect(shown(outbox)).toEqual([['sending', 'pending', undefined]])
  await server.answer('stored')
  await expect.poll(() => storage.keys('user_bob/outbox/')).toEqual([])
  expect(server.stored).toEqual(['sending'])
  expect(errors).toEqual([])
})

test('drops a message whose event arrives before the answer, and sends it no more', async () => {
  const server = createServer()
  server.hold()
  const storage = memoryStorage()
  const { outbox } = createTab(server, storage)
  outbox.setSender(true, true)
  const key = await outbox.add('chat_1', { body: 'a' })
  await outbox.add('chat_1', { body: 'b' })
  await expect.poll(() => server.requests).toEqual(['a'])
  outbox.noteLogged(key)
  expect(shown(outbox)).toEqual([['b', 'pending', undefined]])
  await server.answer('lost')
  await server.answer('stored')
  await expect.poll(() => server.requests).toEqual(['a', 'b'])
})

test('does not show a message again while it leaves storage', async () => {
  const server = createServer()
  const [reading, held] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()]
  const kept = memoryStorage()
  const storage: ClientStorage = {
    ...kept,
    async get<Value>(key: string) {
      const value = await kept.get<Value>(key)
      reading.resolve(undefined)
      await held.promise
      return value
    },
  }
  const { outbox } = createTab(server, storage)
  const key = await outbox.add('chat_1', { body: 'a' })
  const loading = outbox.load()
  await reading.promise
  outbox.noteLogged(key)
  held.resolve(undefined)
  await loading
  expect(shown(outbox)).toEqual([])
})

test('sends what an earlier start has left, and nothing without a connection', async () => {
  const server = createServer()
  const storage = memoryStorage()
  const before = createTab(server, storage)
  await addAll(before.outbox, 'a', 'b')
  before.stop.abort()
  const { outbox } = createTab(server, storage)
  await outbox.load()
  outbox.setSender(true, false)
  expect(server.requests).toEqual([])
  outbox.setSender(true, true)
  await expect.poll(() => server.stored).toEqual(['a', 'b'])
})

test('keeps its entries in a storage that knows only JSON', async () => {
  const server = createServer()
  const storage = jsonStorage()
  const { outbox } = createTab(server, storage)
  const failed = await outbox.add('chat_1', { body: 'a', replyToId: 'message_1' })
  server.hold()
  outbox.setSender(true, true)
  await server.answer(FORBIDDEN)
  await expect.poll(() => shown(outbox)).toEqual([['a', 'failed', 'FORBIDDEN']])
  const again = createTab(server, storage)
  await again.outbox.load()
  expect(shown(again.outbox)).toEqual([['a', 'failed', 'FORBIDDEN']])
  again.outbox.setSender(true, true)
  again.outbox.retry(failed)
  await server.answer('stored')
  await expect.poll(() => server.stored).toEqual(['a'])
})

test('sends what two tabs add at the same time in the order in which they show it', async () => {
  const server = createServer()
  const storage = sharedStorage()
  const written: string[] = []
  const recording: ClientStorage = {
    ...storage,
    async write(changes) {
      await storage.write(changes)
      written.push(...[...changes].flatMap(([key, value]) => (value === undefined ? [] : [key])))
    },
  }
  const [leader, follower] = [createTab(server, recording), createTab(server, recording)]
  vi.spyOn(Date, 'now').mockReturnValue(1_000)
  onTestFinished(() => void vi.restoreAllMocks())
  const bodies = Array.from({ length: 20 }, (_, n) => String(n))
  await Promise.all(bodies.flatMap((body) => [add(leader, `l${body}`), add(follower, `f${body}`)]))
  // A key that sorts before one that is in storage already would be shown before a message that may be sent by now.
  expect(written).toEqual(written.toSorted())
  await leader.outbox.load()
  const order = shown(leader.outbox).map(([body]) => body)
  expect(order.filter((body) => body?.startsWith('l'))).toEqual(bodies.map((body) => `l${body}`))
  expect(order.filter((body) => body?.startsWith('f'))).toEqual(bodies.map((body) => `f${body}`))
  leader.outbox.setSender(true, true)
  await expect.poll(() => server.stored).toEqual(order)
})

function add({ outbox }: ReturnType<typeof createTab>, body: string): Promise<string> {
  return outbox.add('chat_1', { body })
}

test('shows a message once while the log holds it and its answer is still to come', async () => {
  const server = createServer()
  server.hold()
  const { outbox } = createTab(server)
  outbox.setSender(true, true)
  const key = await outbox.add('chat_1', { body: 'a' })
  const logged = { id: 'message_1', seq: 1, clientMessageId: key, senderId: BOB.id } as MessageRecord
  const ofAlice = { ...logged, senderId: 'user_alice' }
  expect(shown(outbox, { ...CHAT, messages: [ofAlice] })).toEqual([['a', 'pending', undefined]])
  expect(shown(outbox, { ...CHAT, headSeq: 1, messages: [logged] })).toEqual([])
})

test.for([
  ['every', Infinity],
  ['one', 1],
] as const)(
  'sends each message once and in order while %s removal from storage fails',
  async ([, failures]) => {
    const server = createServer()
    const kept = sharedStorage()
    let left: number = failures
    const storage: ClientStorage = {
      ...kept,
      async write(changes) {
        if ([...changes.values()].includes(undefined) && left-- > 0) throw new Error('The disk is full.')
        await kept.write(changes)
      },
    }
    const { outbox, errors } = createTab(server, storage)
    await addAll(outbox, 'a', 'b', 'c')
    outbox.setSender(true, true)
    await expect.poll(() => server.stored).toEqual(['a', 'b', 'c'])
    const sent = ['a', 'b', 'c'].map((body) => [body, 'sent', undefined])
    await expect.poll(() => shown(outbox)).toEqual(sent)
    expect(errors).toHaveLength(Math.min(failures, 3))
    // The next start sends the rest of the storage once more; the server knows it.
    const again = createTab(server, kept)
    again.outbox.setSender(true, true)
    await again.outbox.load()
    await expect.poll(() => kept.keys('user_bob/outbox/')).toEqual([])
    expect(server.stored).toEqual(['a', 'b', 'c'])
  },
)

test('goes on once the storage can be read and can keep an error', async () => {
  const server = createServer()
  server.hold()
  const kept = sharedStorage()
  const failing = { reads: 0, writes: 0 }
  const storage: ClientStorage = {
    ...kept,
    async keys(prefix) {
      if (failing.reads-- > 0) throw new Error('cannot be read')
      return kept.keys(prefix)
    },
    async write(changes) {
      if (failing.writes-- > 0) throw new Error('cannot be written')
      await kept.write(changes)
    },
  }
  const { outbox, errors } = createTab(server, storage)
  await addAll(outbox, 'a', 'b')
  failing.reads = 1
  failing.writes = 1
  outbox.setSender(true, true)
  await server.answer(FORBIDDEN)
  await server.answer(FORBIDDEN)
  await server.answer('stored')
  await expect
    .poll(() => shown(outbox))
    .toEqual([
      ['b', 'sent', undefined],
      ['a', 'failed', 'FORBIDDEN'],
    ])
  expect(server.requests).toEqual(['a', 'a', 'b'])
  expect(errors.map(String)).toEqual(['Error: cannot be read', 'Error: cannot be written'])
})
