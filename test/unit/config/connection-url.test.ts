import { expect, test } from 'vitest'
import {
  parseDatabaseUrl,
  parseSentinelUrl,
  redisUrlProblem,
  splitRedisUrls,
} from '../../../src/config/connection-url.ts'

test.each([
  ['postgres://alice:hush@db.example:5432/parley', ['db.example:5432'], 'parley'],
  ['postgresql://db/my%20chat?sslmode=require', ['db:'], 'my chat'],
  ['postgres://alice@one:1,two,[::1]:3/parley', ['one:1', 'two:', '[::1]:3'], 'parley'],
  ['postgres://a%40b:p%2Fw@db/parley', ['db:'], 'parley'],
  ['postgres://alice@/parley?host=/var/run/postgresql', [':'], 'parley'],
])('%s is parsed', (text, hosts, database) => {
  const url = parseDatabaseUrl(text)
  if (typeof url === 'string') throw new Error(url)
  expect(url.hosts.map(({ host, port }) => `${host}:${port ?? ''}`)).toEqual(hosts)
  expect(url.database).toBe(database)
})

test('a URL with one of the hosts keeps the rest of the URL', () => {
  const url = parseDatabaseUrl('postgres://alice:hush@one:1,two/parley?sslmode=require')
  if (typeof url === 'string') throw new Error(url)
  expect(url.hosts.map((host) => url.single(host))).toEqual([
    'postgres://alice:hush@one:1/parley?sslmode=require',
    'postgres://alice:hush@two/parley?sslmode=require',
  ])
})

test.each([
  ['mysql://db/parley', 'must begin with postgres:// or postgresql://'],
  ['db/parley', 'must begin with'],
  ['postgres://db', 'must look like'],
  ['postgres://db/', 'names no database'],
  ['postgres:///parley', 'has an invalid host or port'],
  ['postgres://db:0/parley', 'has an invalid host or port'],
  ['postgres://db:65536/parley', 'has an invalid host or port'],
  ['postgres://one,,two/parley', 'has an invalid host or port'],
  ['postgres://alice:p@ss@db/parley', 'must look like'],
  ['postgres://alice:p/ss@db/parley', 'must look like'],
  ['postgres://alice:100%@db/parley', 'write %25 for a "%"'],
])('%s is rejected, and the error says what to fix', (text, sentence) => {
  expect(parseDatabaseUrl(text)).toContain(sentence)
})

test.each([
  'redis://localhost',
  'redis://:hush@localhost:6379/2',
  'rediss://cache.example:6380',
  'sentinel://one:26379,two/parley',
  'sentinels://alice:hush@one/parley/2?sentinelPassword=quiet',
])('%s is a valid Redis URL', (text) => {
  expect(redisUrlProblem(text)).toBeUndefined()
})

test.each([
  ['localhost:6379', 'must begin with redis://, rediss:// or sentinel://'],
  ['redis://', 'must look like'],
  ['sentinel://one:26379', 'must look like sentinel://'],
  ['sentinel://one,,two/parley', 'has an invalid host or port'],
  ['sentinel://one:0/parley', 'has an invalid host or port'],
  ['sentinel://one/parley/first', 'must look like sentinel://'],
  ['sentinel://:100%@one/parley', 'write %25 for a "%"'],
  ['redis://cache/sessions', 'must end with the host, or with the number of a database'],
])('%s is not a valid Redis URL', (text, sentence) => {
  expect(redisUrlProblem(text)).toContain(sentence)
})

test('a Sentinel URL has the sentinels, the name of the primary, and credentials of both', () => {
  expect(
    parseSentinelUrl(
      'sentinels://alice:p%40ss@one,[::1]:7/parley/3?sentinelUsername=s&sentinelPassword=q%2Fq',
    ),
  ).toEqual({
    sentinels: [
      { host: 'one', port: undefined },
      { host: '[::1]', port: '7' },
    ],
    name: 'parley',
    database: 3,
    isEncrypted: true,
    username: 'alice',
    password: 'p@ss',
    sentinelUsername: 's',
    sentinelPassword: 'q/q',
  })
  expect(parseSentinelUrl('sentinel://one/parley')).toMatchObject({ isEncrypted: false, password: undefined })
})

test('a list of Redis URLs is split, and one URL of several sentinels is not', () => {
  expect(splitRedisUrls('redis://one, redis://two')).toEqual(['redis://one', 'redis://two'])
  expect(splitRedisUrls('sentinel://one,two/parley')).toEqual(['sentinel://one,two/parley'])
  expect(splitRedisUrls('')).toEqual([])
})
