import { once } from 'node:events'
import { WebSocket } from 'ws'
import { expect, test } from 'vitest'
import { pause } from '../../src/lib/async.ts'
import { SOCKET_LIMITS } from '../../src/transport/websocket/limits.ts'
import { startCluster, type TestCluster } from '../harness/servers/cluster.ts'
import { INBOX } from '../harness/people/documents.ts'
import { startGatewayProcess } from '../harness/servers/gateway-process.ts'
import { startTestNginx } from '../harness/servers/nginx.ts'
import { startParley } from '../harness/servers/parley.ts'
import { Person } from '../harness/people/person.ts'
import { openRawSocket } from '../harness/network/raw-socket.ts'
import { parley } from '../unit/cli/terminal.ts'

/** The same user through another address. Their token is issued already. */
function via({ url }: Readonly<{ url: string }>, { token, name }: Person): Person {
  return new Person({ url, token, name })
}

async function userOf({ gateways }: TestCluster, name: string): Promise<Person> {
  const [gateway] = gateways
  if (gateway === undefined) throw new Error('the cluster has no gateway')
  return gateway.person(name)
}

function environment({ databaseUrl, redis }: TestCluster) {
  return { DATABASE_URL: databaseUrl, REDIS_URL: redis.url, PORT: '0', ADMIN_PORT: 'off' }
}

test('delivers between gateways behind nginx, and replays after a reconnect', async () => {
  await using cluster = await startCluster(2)
  await using nginx = await startTestNginx(cluster.gateways.map(({ url }) => url))
  await using alice = via(nginx, await userOf(cluster, 'alice'))
  await using bob = via(nginx, await userOf(cluster, 'bob'))
  const chat = await alice.startChat(bob)
  using aliceInbox = alice.inbox('phone')
  await aliceInbox.caughtUp()
  const first = bob.inbox('phone')
  await first.caughtUp()
  const listed = async () => (await parley(['doctor'], environment(cluster))).printed
  await expect.poll(listed, { timeout: 10_000 }).toMatch(/\(1 user\), \S+ \(1 user\)/)

  await alice.send(chat, 'Hello Bob')
  await bob.sendOverSocket(chat, 'Hello Alice')
  await Promise.all([aliceInbox.reaches(chat, 2), first.reaches(chat, 2)])
  await bob.markDelivered(chat, 2, 'phone')
  first.close()
  await alice.send(chat, 'while you were away')
  using second = bob.inbox('phone')
  await second.caughtUp()
  expect(second.bodies(chat)).toEqual(['while you were away'])
  await bob.markRead(chat, 3)
  await aliceInbox.items.match((item) => item.__typename === 'ReceiptAdvanced' && item['readSeq'] === 3)
})

/** As in production: with a test's NODE_ENV, streams get so many pings that these flush every buffer. */
test('delivers a server-sent event at once through nginx, on a stream that stays open', async () => {
  await using cluster = await startCluster(1)
  const { databaseUrl, redis } = cluster
  await using gateway = await startGatewayProcess({ databaseUrl, redisUrl: redis.url })
  await using nginx = await startTestNginx([gateway.url])
  const [alice, bob] = [await userOf(cluster, 'alice'), await userOf(cluster, 'bob')]
  const chat = await alice.startChat(bob)
  const response = await fetch(nginx.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      authorization: `Bearer ${bob.token}`,
    },
    body: JSON.stringify({ query: INBOX, variables: { deviceId: 'browser' } }),
  })
  const text = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  const reaches = async (words: string): Promise<void> => {
    for (let seen = ''; !seen.includes(words);) {
      const { value, done } = (await text?.read()) ?? { done: true }
      if (done) throw new Error(`The stream ended without ${words}`)
      seen += value
    }
  }
  await reaches('CaughtUp')
  await alice.send(chat, 'Hello Bob')
  await reaches('Hello Bob')
  await text?.cancel()
})

/*
 * Only pings are sent. nginx closes a connection that is silent for longer than its idle timeout. If that is shorter
 * than the time between two pings, the connection is closed. If it is a little longer, the connection stays.
 */
test('pings keep a silent WebSocket open if the idle timeout is longer than the time between them', async () => {
  await using cluster = await startCluster(1)
  const urls = cluster.gateways.map(({ url }) => url)
  const pingsEveryS = (SOCKET_LIMITS.silenceMs + SOCKET_LIMITS.checkIntervalMs) / 1_000
  await using strict = await startTestNginx(urls, { idleSeconds: pingsEveryS / 2 })
  await using lenient = await startTestNginx(urls, { idleSeconds: pingsEveryS + 2 })
  const alice = await userOf(cluster, 'alice')
  using cut = await openRawSocket(strict.url, alice.token)
  using kept = await openRawSocket(lenient.url, alice.token)
  expect(await cut.closed).toMatchObject({ code: 1006 })
  await Promise.race([kept.closed, pause(pingsEveryS * 1_000)])
  expect(kept.socket.readyState).toBe(WebSocket.OPEN)
  kept.socket.terminate()
})

/** Connects from a loopback address, with another address in X-Forwarded-For. */
function connectFrom(localAddress: string, url: string, claimed: string): WebSocket {
  const headers = { 'x-forwarded-for': claimed }
  return new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws', { localAddress, headers })
}

test('closes the oldest connection of an address that has used up its share, whatever it claims, and of no other', async () => {
  const http = {
    host: '127.0.0.1',
    port: 0,
    allowedOrigins: [],
    allowedHeaders: [],
    trustedProxies: ['127.0.0.1'],
  }
  await using gateway = await startParley({ config: { http } })
  await using nginx = await startTestNginx([gateway.url])
  const sockets = Array.from({ length: SOCKET_LIMITS.maxAnonymousPerAddress }, (_, index) =>
    connectFrom('127.0.0.2', nginx.url, `10.0.0.${index}`),
  )
  await Promise.all(sockets.map((socket) => once(socket, 'open')))
  const other = connectFrom('127.0.0.3', nginx.url, '127.0.0.2')
  await once(other, 'open')
  const oldestClosed = Promise.race(sockets.map((socket) => once(socket, 'close')))
  const late = connectFrom('127.0.0.2', nginx.url, '10.1.1.1')
  await once(late, 'open')
  expect((await oldestClosed)[0]).toBe(4503)
  expect([other.readyState, late.readyState]).toEqual([WebSocket.OPEN, WebSocket.OPEN])
  for (const socket of [...sockets, other, late]) socket.terminate()
})
