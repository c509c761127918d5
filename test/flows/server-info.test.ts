import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { startParley } from '../harness/servers/parley.ts'
import { Person } from '../harness/people/person.ts'

const SERVER_INFO = `{ serverInfo { version features limits {
  maxBodyLength maxGroupMembers maxUploadBytes maxAttachmentsPerMessage maxPageSize maxMessageFrameBytes
} } }`

test('serverInfo is readable without a token, and reports the limits that the gateway enforces', async () => {
  await using parley = await startParley({ config: { groups: { maxMembers: 3 } } })
  await using stranger = new Person({ url: parley.url, token: '', name: 'stranger' })
  const alice = await parley.person('alice')
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string }
  const serverInfo = {
    version,
    features: [],
    limits: {
      maxBodyLength: 8_192,
      maxGroupMembers: 3,
      maxUploadBytes: 0,
      maxAttachmentsPerMessage: 0,
      maxPageSize: 100,
      maxMessageFrameBytes: 128 * 1024,
    },
  }
  expect(await stranger.post(SERVER_INFO)).toEqual({ data: { serverInfo } })
  expect(await stranger.requestOverSocket(SERVER_INFO)).toEqual({ data: { serverInfo } })
  expect(await alice.requestOverSocket(SERVER_INFO)).toEqual({ data: { serverInfo } })
  const withViewer = await stranger.post('{ serverInfo { version } viewer { id } }')
  expect(withViewer.errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED')
  const others = await Promise.all(['bob', 'carol', 'dave'].map((name) => parley.person(name)))
  await expect(alice.createGroup(others)).rejects.toThrow('3 members')
})
