import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { expect, test } from 'vitest'
import { LOOK_UP } from '../../src/presence/store/redis-presence-scripts.ts'
import { createTestDatabase } from '../harness/servers/database.ts'
import { startParley, type TestParley, UNLIMITED } from '../harness/servers/parley.ts'
import type { Person } from '../harness/people/person.ts'
import { heartbeat, queryPresence, PresenceStream } from '../harness/people/presence-stream.ts'
import { monitorRedis } from '../harness/servers/redis-monitor.ts'
import { startRedis, type TestRedis } from '../harness/servers/redis.ts'
import { subscribeToStatus } from '../harness/people/service-status.ts'

const WINDOW_MS = 1_500

type Scene = AsyncDisposable &
  Readonly<{
    databaseUrl: string
    redis: TestRedis
    west: TestParley
    east: TestParley
    alice: Person
    bob: Person
  }>

/**
 * Alice on one gateway, bob on another, and a chat. Both are offline. With `isAutomatic` west follows its own load,
 * otherwise only the operator sets the level.
 */
async function scene({ isAutomatic = false } = {}): Promise<Scene> {
  const resources = new AsyncDisposableStack()
  const database = resources.use(await createTestDatabase())
  const redis = resources.use(await startRedis())
  const options = {
    config: UNLIMITED,
    databaseUrl: database.url,
    redisUrls: [redis.url],
    overrides: { presence: { windowMs: WINDOW_MS } },
  }
  // West starts first, so it holds the sweep leases.
  const west = resources.use(
    await startParley({ ...options, config: { load: { ...UNLIMITED.load, isAutomatic } } }),
  )
  await delay(300)
  const east = resources.use(await startParley(options))
  const [alice, bob] = [await west.person('alice'), await east.person('bob')]
  await alice.send(await alice.startChat(bob), 'Hello')
  return {
    databaseUrl: database.url,
    redis,
    west,
    east,
    alice,
    bob,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

test('edges reach the gateways that watch: online at once, offline when the window has ended', async () => {
  await using it = await scene()
  using watch = new PresenceStream(it.alice, [it.bob])
  await watch.nextUpdate(it.bob, false)
  const { lastSeenAt } = await heartbeat(it.bob)
  const online = await watch.nextUpdate(it.bob, true)
  const offline = await watch.nextUpdate(it.bob, false)
  expect(online.at - Date.parse(lastSeenAt ?? '')).toBeLessThan(500)
  expect(Math.abs(offline.at - Date.parse(lastSeenAt ?? '') - WINDOW_MS)).toBeLessThan(1_000)
  expect(offline.lastSeenAt).toBe(lastSeenAt)
  expect(watch.onlineValues(it.bob).filter((known) => known !== null)).toEqual([false, true, false])
})

test('when the gateway that sweeps stops in order, another one detects who goes offline', async () => {
  await using it = await scene()
  const carol = await it.east.person('carol')
  await carol.send(await carol.startChat(it.bob), 'Hello')
  using watch = new PresenceStream(carol, [it.bob])
  const { lastSeenAt } = await heartbeat(it.bob)
  await watch.nextUpdate(it.bob, true)
  await it.west.stop()
  const offline = await watch.nextUpdate(it.bob, false)
  expect(Math.abs(offline.at - Date.parse(lastSeenAt ?? '') - WINDOW_MS)).toBeLessThan(1_000)
})

test('after Redis lost its data an active user stays online, goes offline in time, and edges arrive as before', async () => {
  await using it = await scene()
  using watch = new PresenceStream(it.alice, [it.bob])
  await watch.nextUpdate(it.bob, false)
  const { lastSeenAt } = await heartbeat(it.bob)
  await watch.nextUpdate(it.bob, true)
  await it.redis.flush()
  const offline = await watch.nextUpdate(it.bob, false)
  expect(Math.abs(offline.at - Date.parse(lastSeenAt ?? '') - WINDOW_MS)).toBeLessThan(1_000)
  // Replayed by the gateway, which measures with a clock of its own.
  expect(Math.abs(Date.parse(offline.lastSeenAt ?? '') - Date.parse(lastSeenAt ?? ''))).toBeLessThan(1_000)
  await heartbeat(it.bob)
  await watch.nextUpdate(it.bob, true)
  expect(watch.onlineValues(it.bob).filter((known) => known !== null)).toEqual([false, true, false, true])
})

test('while Redis is down all users are unknown and nothing fails, and presence resumes when it is back', async () => {
  await using it = await scene()
  using watch = new PresenceStream(it.alice, [it.bob])
  await watch.nextUpdate(it.bob, false)
  const { lastSeenAt } = await heartbeat(it.bob)
  await watch.nextUpdate(it.bob, true)
  await watch.nextUpdate(it.bob, false)
  await saved(it)
  await it.redis.kill()
  await watch.nextUpdate(it.bob, null)
  expect(await queryPresence(it.alice, it.bob)).toEqual({ user: { id: it.bob.id }, online: null, lastSeenAt })
  expect((await heartbeat(it.bob)).online).toBeNull()
  await it.redis.start()
  await activeUntil(it.bob, watch.nextUpdate(it.bob, true))
  await watch.nextUpdate(it.bob, false)
})

test('a user who only watches loses access when removed from a chat on another gateway, and regains it', async () => {
  await using it = await scene()
  const carol = await it.west.person('carol')
  const group = await it.alice.createGroup([it.bob, carol])
  using watch = new PresenceStream(it.bob, [carol])
  await watch.nextUpdate(carol, false)
  await it.alice.removeMember(group, it.bob)
  await watch.nextUpdate(carol, null)
  await heartbeat(carol)
  await it.alice.addMembers(group, [it.bob])
  await watch.nextUpdate(carol, true)
  await watch.nextUpdate(carol, false)
  const story = watch.onlineValues(carol)
  expect(story.slice(story.indexOf(false))).toEqual([false, null, true, false])
})

test('a user without watchers causes no message between gateways', async () => {
  await using it = await scene()
  using watch = new PresenceStream(it.alice, [it.alice])
  await watch.updates.next()
  const heard = async (): Promise<string> => String(await it.redis.command('info', 'commandstats'))
  const publishesBefore = publishesIn(await heard())
  await heartbeat(it.bob)
  await delay(WINDOW_MS + 1_000)
  expect(publishesIn(await heard())).toBe(publishesBefore)
  using other = new PresenceStream(it.alice, [it.bob])
  await other.updates.next()
  await heartbeat(it.bob)
  await other.nextUpdate(it.bob, true)
  expect(publishesIn(await heard())).toBe(publishesBefore + 1)
})

test('a lookup by a stranger, who sees nothing, sends the same Redis commands as one by a friend', async () => {
  await using it = await scene()
  const carol = await it.east.person('carol')
  await heartbeat(it.bob)
  // From now on Redis knows the script, so that each lookup sends its digest alone.
  await queryPresence(it.alice, it.bob)
  await using monitor = await monitorRedis(it.redis)
  const digest = createHash('sha1').update(LOOK_UP).digest('hex')
  const lookUps = (): string[] =>
    monitor.commands.filter((line) => line.includes(digest) && line.includes('"bob"')).map(commandOf)
  expect(await queryPresence(it.alice, it.bob)).not.toBeNull()
  await expect.poll(() => lookUps().length).toBe(1)
  expect(await queryPresence(carol, it.bob)).toBeNull()
  await expect.poll(() => lookUps().length).toBe(2)
  expect(lookUps()[1]).toBe(lookUps()[0])
})

/** A command as MONITOR prints it, without its time and connection. */
function commandOf(line: string): string {
  return line.slice(line.indexOf('"'))
}

function publishesIn(stats: string): number {
  return Number(/cmdstat_publish:calls=(\d+)/.exec(stats)?.[1] ?? 0)
}

/**
 * Keeps the person active until the update arrives. A gateway may reach Redis again only after a second, and the
 * window of a single activity may have ended by then.
 */
async function activeUntil(person: Person, update: Promise<unknown>): Promise<void> {
  await heartbeat(person)
  const hasArrived = await Promise.race([update.then(() => true), delay(WINDOW_MS / 5, false)])
  if (!hasArrived) await activeUntil(person, update)
}

/** Waits until the database has all last activities. No event announces that. */
async function saved({ databaseUrl }: Scene): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const unsaved = 'SELECT count(*)::int AS count FROM users WHERE last_active_at IS NULL'
    const count = async (): Promise<number> =>
      (await client.query<{ count: number }>(unsaved)).rows[0]?.count ?? 0
    while ((await count()) > 0) await delay(20)
  } finally {
    await client.end()
  }
}

/** Overloads the person's gateway for ten seconds by one slow commit. */
async function overload({ databaseUrl }: Scene, person: Person, chatId: string): Promise<void> {
  using following = subscribeToStatus(person)
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    await client.query('BEGIN')
    await client.query('SELECT FROM chats WHERE id = $1 FOR UPDATE', [chatId.replace('chat_', '')])
    const sent = person.send(chatId, 'Can you hear me?')
    await following.updates.until((all) => all.at(-1)?.level !== 'NORMAL', 5_000)
    await client.query('COMMIT')
    await sent
  } finally {
    await client.end()
  }
}

test('users of an overloaded gateway that rejects heartbeats are unknown on the other one, and only they', async () => {
  await using it = await scene({ isAutomatic: true })
  const carol = await it.east.person('carol')
  const chat = await carol.createGroup([it.alice, it.bob])
  using watch = new PresenceStream(it.bob, [it.alice, carol])
  await heartbeat(it.alice)
  await watch.nextUpdate(it.alice, true)
  await overload(it, it.alice, chat)
  await expect(heartbeat(it.alice)).rejects.toThrow('presence')
  await watch.nextUpdate(it.alice, null)
  expect(await queryPresence(it.bob, it.alice)).toMatchObject({
    online: null,
    lastSeenAt: expect.any(String) as string,
  })
  await heartbeat(carol)
  await watch.nextUpdate(carol, true)
  const story = watch.onlineValues(it.alice)
  expect(story.slice(story.indexOf(true))).toEqual([true, null])
})
