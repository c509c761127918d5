import { createClient, type Client } from 'graphql-ws'
import pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { pause } from '../../src/lib/async.ts'
import { INBOX } from '../harness/people/documents.ts'
import { EventQueue } from '../harness/fixtures/event-queue.ts'
import { startParley, type TestParley } from '../harness/servers/parley.ts'
import type { StreamItem } from '../harness/people/person.ts'
import { startTcpProxy, type TcpProxy } from '../harness/network/tcp-proxy.ts'

const PEOPLE = 8
const DEVICES_EACH = 50
const DEVICES = PEOPLE * DEVICES_EACH
const EVENTS = ['one', 'two', 'three']
/** Four statements start an inbox with pending events in one chat; two serve the selection of each event. */
const STATEMENTS_EACH = 4 + 2 * EVENTS.length
/**
 * Background statements of a gateway: twenty a second to compare heads, plus service levels, expiry and server
 * checks.
 */
const STEADY_A_SECOND = 25

let parley: TestParley
let proxy: TcpProxy
beforeAll(async () => {
  parley = await startParley()
  proxy = await startTcpProxy(parley.url)
})
afterAll(async () => {
  await proxy[Symbol.asyncDispose]()
  await parley[Symbol.asyncDispose]()
})

/** A device that always reconnects, and the events of its inbox. */
type Comer = Readonly<{ client: Client; items: EventQueue<StreamItem> }>

function come(token: string, number: number): Comer {
  const items = new EventQueue<StreamItem>()
  const client = createClient({
    url: proxy.url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${token}` },
    retryAttempts: Infinity,
    shouldRetry: () => true,
    // All devices at once: the worst case.
    retryWait: () => pause(20),
  })
  client.subscribe<{ inbox: StreamItem }>(
    { query: INBOX, variables: { deviceId: `device ${number}` } },
    { next: ({ data }) => data && items.push(data.inbox), error: () => undefined, complete: () => undefined },
  )
  return { client, items }
}

function caughtUpTimes(items: readonly StreamItem[]): number {
  return items.filter(({ __typename }) => __typename === 'CaughtUp').length
}

test('serves a reconnect of all devices at once without loss, with a bounded number of statements', async () => {
  const alice = await parley.person('alice')
  const names = Array.from({ length: PEOPLE }, (_, index) => `bob ${index}`)
  const others = await Promise.all(names.map((name) => parley.person(name)))
  const chat = await alice.createGroup(others)
  const comers = others.flatMap(({ token }) =>
    Array.from({ length: DEVICES_EACH }, (_, number) => come(token, number)),
  )
  await Promise.all(comers.map(({ items }) => items.until((all) => caughtUpTimes(all) === 1, 30_000)))

  await using database = await observe(parley.databaseUrl)
  proxy.cut()
  for (const body of EVENTS) await alice.send(chat, body)
  proxy.restore()
  await Promise.all(comers.map(({ items }) => items.until((all) => caughtUpTimes(all) === 2, 60_000)))

  for (const { items } of comers) {
    const seqs = items.all.flatMap(({ seq }) => seq ?? [])
    expect(seqs).toEqual([2, 3, 4])
  }
  const { most, total, seconds } = await database.report()
  process.stdout.write(
    `${DEVICES} devices back: ${most} statements at once at most, ${total} in ${seconds.toFixed(1)} s\n`,
  )
  // The documented bound: eight pages of the log, and one of each shared statement.
  expect(most).toBeLessThanOrEqual(12)
  expect(total).toBeLessThanOrEqual(DEVICES * STATEMENTS_EACH + STEADY_A_SECOND * seconds)
  for (const { client } of comers) client.terminate()
})

/** Counts the statements of the gateway, which runs in this process, and how many of them are concurrent. */
async function observe(url: string) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const statements = vi.spyOn(pg.Client.prototype, 'query')
  const ended = new AbortController()
  const began = performance.now()
  let [most, looks] = [0, 0]
  const looking = (async () => {
    for (; !ended.signal.aborted; looks += 1) {
      const { rows } = await client.query<{ count: number }>(ACTIVE)
      most = Math.max(most, rows[0]?.count ?? 0)
      await pause(2, ended.signal)
    }
  })()
  return {
    async report() {
      ended.abort()
      await looking
      return {
        most,
        total: statements.mock.calls.length - looks,
        seconds: (performance.now() - began) / 1_000,
      }
    },
    async [Symbol.asyncDispose]() {
      ended.abort()
      await looking
      statements.mockRestore()
      await client.end()
    },
  }
}

const ACTIVE = `
  SELECT count(*)::int FROM pg_stat_activity
  WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()`
