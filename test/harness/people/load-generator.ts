import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { issueToken } from '../../../src/auth/issue-token.ts'
import { pause } from '../../../src/lib/async.ts'
import { findWriterUrl } from '../../../src/store/failover/find-writer.ts'
import { query } from '../servers/database.ts'
import {
  CREATE_GROUP,
  type CreateGroupData,
  type SendMessageData,
  SEND_MESSAGE,
  START_DIRECT_CHAT,
  type StartDirectChatData,
} from './documents.ts'
import { type LoggedEvent, type Outcome, HistoryRecorder } from '../checkers/history.ts'
import { LoadDevice, type LoadDeviceOptions } from './load-device.ts'
import { TEST_SECRET } from '../servers/parley.ts'
import type { ApiError } from './person.ts'

/** People who send messages, each with devices on different gateways, while gateways fail. */
export type Load = AsyncDisposable &
  Readonly<{
    recorder: HistoryRecorder
    devices: readonly LoadDevice[]
    chats: readonly string[]
    /** Makes each person send to all of their chats in turn, one message at a time, until `stopSending`. */
    startSending(): void
    /** Stops sending. Resolves when all sends in progress have an outcome. */
    stopSending(): Promise<void>
    /** Sends one message. Retries until it is acknowledged or definitely rejected. */
    send(sender: string, chatId: string): Promise<void>
    /** Sends one message through all gateways at the same time, under one key. */
    sendThroughAllGateways(sender: string, chatId: string): Promise<void>
    /** Returns the milliseconds until all devices have the current logs, without new subscriptions. */
    measureRecovery(timeoutMs?: number): Promise<number>
    /** Stops sending, resubscribes every device until nothing is pending, and reads the logs. */
    drain(): Promise<void>
  }>

export type LoadOptions = Readonly<{
  urls: readonly string[]
  /** If it has several hosts, the logs are read from the one that accepts writes. */
  databaseUrl: string
  /** Each pair of them has a chat. */
  people?: readonly string[]
  /** Replaces the direct chats by one group per size. If there are too few people, absent users fill the group. */
  groupSizes?: readonly number[]
  /** Pause between two sends of one person. */
  sendIntervalMs?: number
  /** Options of single devices, by index. */
  deviceOverrides?: (index: number) => Partial<LoadDeviceOptions>
}>

const DEVICES_EACH = 2

/** Resolves when all devices are subscribed. Nothing has been sent yet. */
export async function startLoad(options: LoadOptions): Promise<Load> {
  const {
    urls,
    databaseUrl,
    people = ['alice', 'bob', 'carol', 'dave'],
    sendIntervalMs: paceMs = 25,
  } = options
  const recorder = new HistoryRecorder()
  const tokens = new Map(await Promise.all(people.map(async (name) => [name, await tokenOf(name)] as const)))
  const post = (name: string, url: string, query: string, variables: object): Promise<unknown> =>
    postQuery(url, tokens.get(name) ?? '', query, variables)
  for (const name of people) await post(name, urls[0] ?? '', '{ viewer { id } }', {})

  const devices = people.flatMap((name, person) =>
    Array.from({ length: DEVICES_EACH }, (_, number) => deviceOf(name, person * DEVICES_EACH + number)),
  )
  // Devices receive the first event of a group only if they are registered before it.
  await Promise.all(devices.map((device) => device.resubscribe()))
  const chats = await (options.groupSizes === undefined ? startChats() : startGroups(options.groupSizes))
  const stopped = new AbortController()
  const senders: Promise<void>[] = []

  function deviceOf(name: string, index: number): LoadDevice {
    return new LoadDevice({
      id: `${name}-${index}`,
      owner: `user_${name}`,
      urls: rotated(urls, index),
      stride: strideOf(index),
      recorder,
      token: tokens.get(name) ?? '',
      post: (url, query, variables) => post(name, url, query, variables),
      // Some devices drop a silent connection, others wait until it recovers.
      ...(index % 4 !== 3 && { silenceTimeoutMs: 1_500 }),
      ...options.deviceOverrides?.(index),
    })
  }

  async function startChats(): Promise<string[]> {
    const pairs = people.flatMap((one, index) =>
      people.slice(index + 1).map((other) => [one, other] as const),
    )
    return Promise.all(pairs.map(async ([one, other]) => startChat(one, other)))
  }

  async function startGroups(sizes: readonly number[]): Promise<string[]> {
    const away = await insertAbsentUsers(databaseUrl, Math.max(...sizes) - people.length)
    return Promise.all(
      sizes.map(async (size) =>
        startGroup(people.slice(0, size), away.slice(0, Math.max(size - people.length, 0))),
      ),
    )
  }

  /** The event that creates the group is part of the history that every device has to receive. */
  async function startGroup(present: readonly string[], away: readonly string[]): Promise<string> {
    const [creator = ''] = present
    const memberIds = [...present, ...away].map((name) => `user_${name}`)
    const input = { title: 'Group', clientChatId: randomUUID(), memberIds }
    const data = (await post(creator, urls[0] ?? '', CREATE_GROUP, { input })) as CreateGroupData
    const { id: chatId } = data.createGroup.chat
    recorder.members.set(chatId, memberIds.slice(0, present.length))
    const creation = { chatId, sender: `user_${creator}`, key: 'CHAT_UPDATED', body: null }
    recorder.startSend(creation)({ type: 'ok', seq: 1, id: chatId })
    return chatId
  }

  async function startChat(one: string, other: string): Promise<string> {
    const variables = { userId: `user_${other}` }
    const data = (await post(one, urls[0] ?? '', START_DIRECT_CHAT, variables)) as StartDirectChatData
    recorder.members.set(data.startDirectChat.chat.id, [`user_${one}`, `user_${other}`])
    return data.startDirectChat.chat.id
  }

  /** Tries the gateways in turn from `first`. Resolves when the message is acknowledged or definitely rejected. */
  async function sendFrom(first: number, name: string, chatId: string, key: string): Promise<void> {
    const body = `${name} sends ${key}`
    const finish = recorder.startSend({ chatId, sender: `user_${name}`, key, body })
    const variables = { input: { chatId, body, clientMessageId: key } }
    const url = (attempt: number): string => urls[(first + attempt) % urls.length] ?? ''
    finish(await untilOutcome((attempt) => post(name, url(attempt), SEND_MESSAGE, variables)))
  }

  async function send(name: string, chatId: string): Promise<void> {
    await sendFrom(people.indexOf(name), name, chatId, randomUUID())
  }

  async function sendAtOnce(name: string, chatId: string): Promise<void> {
    const key = randomUUID()
    await Promise.all(urls.map((_, gateway) => sendFrom(gateway, name, chatId, key)))
  }

  async function keepSending(name: string): Promise<void> {
    const own = chats.filter((chat) => recorder.members.get(chat)?.includes(`user_${name}`))
    for (let turn = 0; !stopped.signal.aborted; turn += 1) {
      await send(name, own[turn % own.length] ?? '')
      await pause(paceMs, stopped.signal)
    }
  }

  async function fallSilent(): Promise<void> {
    stopped.abort()
    await Promise.all(senders)
  }

  async function heal(timeoutMs = 30_000): Promise<number> {
    const from = performance.now()
    const heads = headsOf(await readLogs(databaseUrl, chats))
    await Promise.all(
      devices.map((device) => device.waitForHeads(onlyOwn(recorder, device, heads), timeoutMs)),
    )
    return performance.now() - from
  }

  async function drain(): Promise<void> {
    await fallSilent()
    await Promise.all(devices.map((device) => device.resubscribe()))
    recorder.log.splice(0, Infinity, ...(await readLogs(databaseUrl, chats)))
  }

  async function dispose(): Promise<void> {
    await Promise.all(devices.map((device) => device.close()))
    await fallSilent()
  }

  const speak = (): void => void senders.push(...people.map(keepSending))
  return {
    recorder,
    devices,
    chats,
    startSending: speak,
    stopSending: fallSilent,
    send,
    sendThroughAllGateways: sendAtOnce,
    measureRecovery: heal,
    drain,
    [Symbol.asyncDispose]: dispose,
  }
}

/** Retries until the outcome is known. A rejection is definite only if no earlier attempt can have succeeded. */
async function untilOutcome(attempt: (number: number) => Promise<unknown>): Promise<Outcome> {
  const giveUpAt = performance.now() + 90_000
  for (let number = 0; performance.now() < giveUpAt; number += 1) {
    try {
      const { sendMessage } = (await attempt(number)) as SendMessageData
      return { type: 'ok', seq: sendMessage.message.seq, id: sendMessage.message.id }
    } catch (error) {
      const isRejected = error instanceof RejectedSend && !error.isRetryable
      if (isRejected) return { type: number === 0 ? 'fail' : 'info', reason: error.message }
      await pause(50)
    }
  }
  return { type: 'info', reason: 'never acknowledged' }
}

class RejectedSend extends Error {
  readonly isRetryable: boolean

  constructor(errors: readonly ApiError[]) {
    super(JSON.stringify(errors))
    this.isRetryable = errors.every(({ extensions }) => extensions.retryable)
  }
}

async function postQuery(url: string, token: string, query: string, variables: object): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(3_000),
  })
  const { data, errors } = (await response.json()) as { data?: unknown; errors?: readonly ApiError[] }
  if (errors !== undefined) throw new RejectedSend(errors)
  return data
}

async function tokenOf(name: string): Promise<string> {
  return issueToken(TEST_SECRET, { subject: name, name })
}

/**
 * Half of the devices move through the gateways backwards. If all moved in one direction, they would meet on one
 * gateway after a few failures, and no event would cross gateways any more.
 */
function strideOf(index: number): 1 | -1 {
  return index % 2 === 0 ? 1 : -1
}

function rotated(urls: readonly string[], by: number): readonly string[] {
  const start = by % urls.length
  return [...urls.slice(start), ...urls.slice(0, start)]
}

/** Inserts users without devices. Returns their names. */
async function insertAbsentUsers(databaseUrl: string, count: number): Promise<string[]> {
  const rows = await query<{ id: string }>(
    databaseUrl,
    `INSERT INTO users (id, name, claims_issued_at)
     SELECT 'absent-' || number, 'Absent', now() FROM generate_series(1, $1::int) AS number RETURNING id`,
    [count],
  )
  return rows.map(({ id }) => id)
}

/** Reads the logs of these chats over a connection that the faults do not affect. */
async function readLogs(databaseUrl: string, chats: readonly string[]): Promise<LoggedEvent[]> {
  const client = new pg.Client({ connectionString: await findWriterUrl(databaseUrl) })
  await client.connect()
  try {
    const { rows } = await client.query<LoggedEvent>(
      `SELECT 'chat_' || e.chat_id AS "chatId", e.seq, COALESCE(m.sender_id, e.actor_id) AS sender,
         COALESCE(m.client_message_id, e.type::text) AS key, m.body
       FROM chat_events e LEFT JOIN messages m ON m.chat_id = e.chat_id AND m.seq = e.message_seq
       WHERE e.chat_id = ANY ($1::uuid[]) ORDER BY e.chat_id, e.seq`,
      [chats.map((id) => id.replace('chat_', ''))],
    )
    return rows.map((row) => ({ ...row, sender: `user_${row.sender}` }))
  } finally {
    await client.end()
  }
}

function headsOf(log: readonly LoggedEvent[]): ReadonlyMap<string, number> {
  return new Map(log.map(({ chatId, seq }) => [chatId, seq]))
}

function onlyOwn(
  { members, devices }: HistoryRecorder,
  { id }: LoadDevice,
  heads: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const owner = devices.get(id) ?? ''
  return new Map([...heads].filter(([chat]) => members.get(chat)?.includes(owner)))
}
