import { expect, test } from 'vitest'
import pg from 'pg'
import { createMemoryBus } from '../../src/bus/memory-bus.ts'
import { createEnvelopeCodec } from '../../src/bus/envelope.ts'
import { chatEventTopic, resyncTopic, signalTopic } from '../../src/gateway/topics.ts'
import type { ChatEvent } from '../../src/events/chat-event.ts'
import type { ChatId, GatewayId, UserId } from '../../src/ids.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { checkHistory, expectNoFindings, type Rule } from '../harness/checkers/history-checker.ts'
import { startCluster } from '../harness/servers/cluster.ts'
import type { LoadDeviceOptions } from '../harness/people/load-device.ts'
import { type Load, startLoad } from '../harness/people/load-generator.ts'
import { startParley } from '../harness/servers/parley.ts'

/** Alice and bob with two devices each, on two gateways. They send nothing by themselves. */
async function pair(overrides: (index: number) => Partial<LoadDeviceOptions> = () => ({})) {
  await using resources = new AsyncDisposableStack()
  const cluster = resources.use(await startCluster(2))
  const { databaseUrl } = cluster
  const urls = cluster.gateways.map(({ url }) => url)
  const load = resources.use(
    await startLoad({ urls, databaseUrl, people: ['alice', 'bob'], deviceOverrides: overrides }),
  )
  const [chat = ''] = load.chats
  const kept = resources.move()
  return { load, chat, databaseUrl, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

function rules({ recorder }: Load): ReadonlySet<Rule> {
  return new Set(checkHistory(recorder).map(({ rule }) => rule))
}

async function sendSome({ load, chat }: Awaited<ReturnType<typeof pair>>, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += 1) await load.send('alice', chat)
}

/** Bob's second device is away while alice writes. */
async function writeWhileAway(it: Awaited<ReturnType<typeof pair>>): Promise<void> {
  await sendSome(it, 2)
  await it.load.measureRecovery()
  await it.load.devices[3]?.close()
  await sendSome(it, 3)
  await it.load.drain()
}

test('the checker accepts a device that was away and reconnected', async () => {
  await using it = await pair()
  await writeWhileAway(it)
  expectNoFindings(it.load.recorder)
})

test('the checker detects a device that skips the replay after a reconnect', async () => {
  await using it = await pair((index) => ({ omitsDeviceId: index === 3 }))
  await writeWhileAway(it)
  expect(rules(it.load)).toEqual(new Set(['lost', 'missing']))
})

test('the checker detects that a device lost an event', async () => {
  await using it = await pair((index) => (index === 3 ? { droppedSeq: 3 } : {}))
  await sendSome(it, 5)
  await it.load.measureRecovery()
  await it.load.drain()
  expect(rules(it.load)).toEqual(new Set(['lost', 'missing', 'out of order']))
})

/** Sends one key through both gateways while the chat is locked: both statements begin before either ends. */
async function sendTwiceAtOnce({ load, chat, databaseUrl }: Awaited<ReturnType<typeof pair>>): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    await client.query('BEGIN')
    await client.query('SELECT FROM chats WHERE id = $1 FOR UPDATE', [chat.replace('chat_', '')])
    const sends = load.sendThroughAllGateways('alice', chat)
    await waiting(client, 2)
    await client.query('COMMIT')
    await sends
  } finally {
    await client.end()
  }
}

/** Resolves when this many statements wait for a lock. */
async function waiting(client: pg.Client, count: number): Promise<void> {
  const text = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
  for (let tries = 0; tries < 500; tries += 1) {
    // Within a transaction, statistics stay as of the first read unless they are cleared.
    await client.query('SELECT pg_stat_clear_snapshot()')
    if (((await client.query(text)).rowCount ?? 0) >= count) return
  }
  throw new Error('The sends do not wait for the lock')
}

test('the unique key makes one message of two concurrent sends, and without it the checker detects two', async () => {
  await using it = await pair()
  await sendTwiceAtOnce(it)
  await it.load.drain()
  expectNoFindings(it.load.recorder)

  const client = new pg.Client({ connectionString: it.databaseUrl })
  await client.connect()
  await client.query('DROP INDEX messages_chat_id_sender_id_client_message_id_key')
  await client.end()
  await sendTwiceAtOnce(it)
  await it.load.drain()
  expect(rules(it.load)).toContain('repeated')
})

/** The event that a gateway would publish before a commit that then fails. */
function uncommitted(chat: string): ChatEvent {
  const chatId = chat.replace('chat_', '') as ChatId
  const [actorId, at] = ['alice' as UserId, new Date()]
  const never = { replyToSeq: null, editedAt: null, deletedAt: null, expiresAt: null }
  const message = {
    chatId,
    seq: 1,
    senderId: actorId,
    clientMessageId: 'k',
    body: 'too early',
    attachmentCount: 0,
    type: null,
    data: null,
    sentAt: at,
    ...never,
  }
  return { type: 'MessageSent', chatId, seq: 1, actorId, at, joined: [actorId, 'bob' as UserId], message }
}

test('the checker detects an event that was published before its commit failed', async () => {
  const gatewayId = 'west' as GatewayId
  const { encode } = createEnvelopeCodec([chatEventTopic, signalTopic, resyncTopic])
  const bus = createMemoryBus({ logger: createLogger({ level: 'silent', pretty: false }) })
  await using gateway = await startParley({ gatewayId, overrides: { bus } })
  const { databaseUrl, url } = gateway
  await using load = await startLoad({ urls: [url], databaseUrl, people: ['alice', 'bob'] })
  const [chat = ''] = load.chats
  const content = { chatId: chat, sender: 'user_alice', key: 'k', body: 'too early' }
  const finish = load.recorder.startSend(content)
  await bus.publish(gatewayId, encode(chatEventTopic, [uncommitted(chat)]))
  await Promise.all(load.devices.map((device) => device.waitForHeads(new Map([[chat, 1]]), 5_000)))
  finish({ type: 'fail', reason: 'the commit failed' })
  await load.send('alice', chat)
  await load.drain()
  expect(rules(load)).toEqual(new Set(['unexpected', 'failed but present', 'two contents']))
})
