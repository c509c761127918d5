import { afterAll, expect, test } from 'vitest'
import { connectRedis, type RedisConnection } from '../../../src/redis/redis-connection.ts'
import { captureLog } from '../../harness/fixtures/captured-log.ts'
import { range } from '../../harness/fixtures/chat-events.ts'
import { startRedis } from '../../harness/servers/redis.ts'

const servers = new AsyncDisposableStack()
afterAll(() => servers.disposeAsync())
const redis = servers.use(await startRedis())

async function connect(): Promise<RedisConnection & AsyncDisposable> {
  const connection = connectRedis({ urls: [redis.url], name: 'posts', logger: captureLog().logger })
  await connection.start()
  // The first answers tell whether the server can skip answers.
  await connection.send([['ping']])
  return { ...connection, [Symbol.asyncDispose]: () => connection.close() }
}

/** The calls of a command, by the server. */
async function callsOf(command: string): Promise<number> {
  const stats = String(await redis.command('info', 'commandstats'))
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)
}

test('posts are executed in order, with the commands around them, and confirmed together', async () => {
  await using connection = await connect()
  const echoesBefore = await callsOf('echo')
  const posts = range(1, 100).map((number) => connection.post(['rpush', 'list', `${number} 世界`]))
  const sent = connection.send([
    ['get', 'nothing'],
    ['echo', 'in between'],
  ])
  const later = range(101, 200).map((number) => connection.post(['rpush', 'list', `${number} 世界`]))
  expect(await sent).toEqual([null, 'in between'])
  await Promise.all([...posts, ...later])
  expect(await connection.send([['lrange', 'list', 0, -1]])).toEqual([
    range(1, 200).map((number) => `${number} 世界`),
  ])
  expect((await callsOf('echo')) - echoesBefore).toBeLessThan(10)
  expect(await callsOf('client\\|reply')).toBeGreaterThanOrEqual(200)
})

test('a post is rejected if the connection is lost before it is confirmed', async () => {
  await using connection = await connect()
  const post = connection.post(['set', 'key', 'value'])
  const outcome = expect(post).rejects.toThrow()
  await redis.command('client', 'kill', 'type', 'normal')
  await outcome
})

test('posts are answered one by one if the user may not skip answers', async () => {
  await redis.command('acl', 'setuser', 'default', '-client|reply')
  try {
    await using connection = await connect()
    const before = await callsOf('echo')
    await Promise.all(range(1, 10).map(() => connection.post(['incr', 'counter'])))
    expect(await connection.send([['get', 'counter']])).toEqual(['10'])
    expect(await callsOf('echo')).toBe(before)
  } finally {
    await redis.command('acl', 'setuser', 'default', '+client|reply')
  }
})

test('a server that begins to answer is noticed, and the connection is made anew', async () => {
  await using connection = await connect()
  const isLost = new Promise<void>((resolve) => void connection.onDown(resolve))
  await redis.command('acl', 'setuser', 'default', '-client|reply')
  try {
    await Promise.allSettled([connection.post(['incr', 'counter'])])
    await isLost
    await expect.poll(() => connection.status()).toBe('up')
    await connection.post(['set', 'after', 'the loss'])
    expect(await connection.send([['get', 'after']])).toEqual(['the loss'])
  } finally {
    await redis.command('acl', 'setuser', 'default', '+client|reply')
  }
})
