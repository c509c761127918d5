import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AttachmentId, UserId } from '../../../src/ids.ts'
import { createMediaLinks, type MediaLinks } from '../../../src/media/media-links.ts'
import { startParley, type TestParley } from '../../harness/servers/parley.ts'
import { query } from '../../harness/servers/database.ts'
import {
  type AttachmentData,
  createUpload,
  findAttachment,
  put,
  sendFiles,
  upload,
} from '../../harness/people/files.ts'
import type { Person } from '../../harness/people/person.ts'
import { photo } from '../../harness/fixtures/pictures.ts'

const rawId = ({ id }: Pick<AttachmentData, 'id'>): AttachmentId =>
  id.replace('attachment_', '') as AttachmentId

describe.each(['folder', 's3'] as const)('with files in: %s', (media) => {
  let parley: TestParley
  let people = 0
  beforeAll(async () => {
    parley = await startParley({ media })
  })
  afterAll(() => parley[Symbol.asyncDispose]())

  /** A group of two, with a file of the first. */
  async function groupWithFile(
    bytes: Buffer = Buffer.from('0123456789'),
  ): Promise<
    Readonly<{ alice: Person; bob: Person; chat: string; messageId: string; atBob: AttachmentData }>
  > {
    people += 1
    const [alice, bob] = [await parley.person(`alice-${people}`), await parley.person(`bob-${people}`)]
    const chat = await alice.createGroup([bob])
    const { message } = await sendFiles(alice, chat, [await upload(alice, bytes)])
    const atBob = await findAttachment(bob, message.attachments[0]?.id ?? '')
    if (atBob === null) throw new Error('Bob does not find the attachment')
    return { alice, bob, chat, messageId: message.id, atBob }
  }

  /** Signs addresses as the gateway does. */
  async function links(): Promise<MediaLinks> {
    const [row] = await query<{ key: Buffer }>(parley.databaseUrl, 'SELECT key FROM media_keys')
    return createMediaLinks(() => Buffer.from(row?.key ?? ''))
  }

  /** The address of a file for any user, as it was made at this time. */
  async function addressFor(
    { name }: Person,
    file: AttachmentData,
    madeAt: number = Date.now(),
  ): Promise<string> {
    const path = (await links()).download(rawId(file), 'file', name as UserId, madeAt)
    return new URL(path, file.url).href
  }

  const statusOf = async (url: string): Promise<number> => (await fetch(url)).status

  test('a removed member gets 403 from then on, and 200 again after returning', async () => {
    const { alice, bob, chat, atBob } = await groupWithFile()
    expect(await statusOf(atBob.url)).toBe(200)
    await alice.removeMember(chat, bob)
    expect(await statusOf(atBob.url)).toBe(403)
    await alice.addMembers(chat, [bob])
    expect(await statusOf(atBob.url)).toBe(200)
  })

  test('a former member sees the message as before, but gets the bytes at no address', async () => {
    const { alice, bob, chat, atBob } = await groupWithFile(await photo(64, 64))
    await alice.removeMember(chat, bob)
    const later = await sendFiles(alice, chat, [await upload(alice, Buffer.from('later'))])
    const afterwards = await findAttachment(bob, atBob.id)
    expect(afterwards).toMatchObject({ fileName: atBob.fileName, thumbhash: atBob.thumbhash })
    for (const url of [afterwards?.url, afterwards?.small, afterwards?.large, atBob.small, atBob.large])
      expect(await statusOf(url ?? '')).toBe(403)
    expect(await findAttachment(bob, later.message.attachments[0]?.id ?? '')).toBeNull()
  })

  test('a member who joined later does not see the file, and would get it at no address', async () => {
    const { alice, chat, atBob } = await groupWithFile()
    const carol = await parley.person(`carol-${people}`)
    await alice.addMembers(chat, [carol])
    expect(await findAttachment(carol, atBob.id)).toBeNull()
    expect(await statusOf(await addressFor(carol, atBob))).toBe(403)
  })

  test('an address that has expired, or names a stranger, is answered with 403', async () => {
    const { alice, bob, atBob } = await groupWithFile()
    expect(await addressFor(bob, atBob)).toBe(atBob.url)
    const twoDaysAgo = Date.now() - 48 * 3_600_000
    expect(await statusOf(await addressFor(bob, atBob, twoDaysAgo))).toBe(403)
    const stranger = await parley.person(`stranger-${people}`)
    expect(await statusOf(await addressFor(stranger, atBob))).toBe(403)

    const { attachment, uploadUrl } = await createUpload(alice, { byteSize: 3 })
    const expired = (await links()).upload(rawId(attachment), new Date(twoDaysAgo))
    expect((await put(new URL(expired, uploadUrl).href, Buffer.from('abc'))).status).toBe(403)
    expect((await put(uploadUrl, Buffer.from('abc'))).status).toBe(204)
  })

  test('a file is gone when its message is deleted or expires', async () => {
    const { alice, bob, messageId, atBob } = await groupWithFile()
    await alice.run(`mutation ($id: ID!) { deleteMessage(input: { messageId: $id }) { message { id } } }`, {
      id: messageId,
    })
    expect(await statusOf(atBob.url)).toBe(404)
    expect(await findAttachment(bob, atBob.id)).toBeNull()

    const expiring = await groupWithFile()
    // A gateway knows the database's time to a few milliseconds, so the expiry is not at this very moment.
    await query(
      parley.databaseUrl,
      `UPDATE messages SET expires_at = now() - interval '1 second' WHERE chat_id = $1`,
      [expiring.chat.replace('chat_', '')],
    )
    expect(await statusOf(expiring.atBob.url)).toBe(403)
    expect(await findAttachment(expiring.bob, expiring.atBob.id)).toBeNull()
  })

  test('an address works for its user, its file and its time alone', async () => {
    const [first, second] = [await groupWithFile(), await groupWithFile()]
    const [url, other] = [new URL(first.atBob.url), new URL(second.atBob.url)]
    const forged = (change: (forgery: URL) => void): string => {
      const forgery = new URL(url)
      change(forgery)
      return String(forgery)
    }
    const forgeries = [
      forged((it) => it.searchParams.set('u', Buffer.from(first.alice.name).toString('base64url'))),
      forged((it) => it.searchParams.set('e', String(Number(url.searchParams.get('e')) + 1))),
      forged((it) => it.searchParams.delete('sig')),
      forged((it) => it.searchParams.set('sig', '')),
      forged((it) => it.searchParams.set('sig', other.searchParams.get('sig') ?? '')),
      forged((it) => (it.pathname = other.pathname)),
      forged((it) => (it.pathname = it.pathname.replace(/\/file$/, '/../file'))),
      forged((it) => (it.pathname = it.pathname.replace(/\/file$/, '/%2e%2e%2ffile'))),
    ]
    for (const forgery of forgeries) expect(await statusOf(forgery), forgery).toBe(404)
  })

  test('the address stays the same, so that a browser keeps what it has', async () => {
    const { bob, atBob } = await groupWithFile(await photo(64, 64))
    expect((await findAttachment(bob, atBob.id))?.url).toBe(atBob.url)
    const validFor = Date.parse(atBob.urlExpiresAt) - Date.now()
    expect(validFor).toBeGreaterThan(11.9 * 3_600_000)
    expect(validFor).toBeLessThan(24.1 * 3_600_000)
    const etag = (await fetch(atBob.url, { redirect: 'manual' })).headers.get('etag') ?? ''
    const again = await fetch(atBob.url, { headers: { 'if-none-match': etag }, redirect: 'manual' })
    expect(again.status).toBe(304)
  })

  test('nothing in a file can run in a page', async () => {
    const { atBob } = await groupWithFile()
    const { headers } = await fetch(atBob.url, { redirect: 'manual' })
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*; sandbox$/)
    expect(headers.get('cache-control')).toMatch(/private|no-store/)
    expect(headers.get('referrer-policy')).toBe('no-referrer')
  })

  test('HEAD is answered by the gateway, and tells the size and name of a file', async () => {
    const { atBob } = await groupWithFile(await photo(64, 64))
    for (const url of [atBob.url, atBob.small ?? '']) {
      const whole = await (await fetch(url)).arrayBuffer()
      const { status, headers } = await fetch(url, { method: 'HEAD', redirect: 'manual' })
      expect([status, headers.get('content-length')]).toEqual([200, String(whole.byteLength)])
      expect(headers.get('content-disposition')).toMatch(/^inline/)
    }
  })

  test('a part of a file can be fetched', async () => {
    const { atBob } = await groupWithFile()
    const part = async (range: string) => {
      const response = await fetch(atBob.url, { headers: { range } })
      return [response.status, await response.text()]
    }
    expect(await part('bytes=2-4')).toEqual([206, '234'])
    expect(await part('bytes=7-')).toEqual([206, '789'])
    expect((await part('bytes=20-'))[0]).toBe(416)
  })
})

test('a folder answers ranges as RFC 9110 says, and never with more than one part', async () => {
  await using parley = await startParley({ media: 'folder' })
  const alice = await parley.person('alice')
  const { url } = await upload(alice, Buffer.from('0123456789'))
  const answers = async (headers: Record<string, string>) => {
    const response = await fetch(url, { headers })
    return [response.status, response.headers.get('content-range'), await response.text()]
  }
  expect(await answers({ range: 'bytes=-3' })).toEqual([206, 'bytes 7-9/10', '789'])
  expect(await answers({ range: 'bytes=-0' })).toEqual([416, 'bytes */10', ''])
  expect(await answers({ range: 'bytes=5-999999999999999' })).toEqual([206, 'bytes 5-9/10', '56789'])
  for (const range of [
    'bytes=0-1,3-4',
    'bytes=4-2',
    'bytes=-',
    'lines=0-1',
    'bytes=0-99999999999999999999',
  ]) {
    expect(await answers({ range }), range).toEqual([200, null, '0123456789'])
  }
  expect((await answers({ range: 'bytes=0-1', 'if-range': '"other"' }))[0]).toBe(200)
  const head = await fetch(url, { method: 'HEAD' })
  expect([head.status, head.headers.get('content-length')]).toEqual([200, '10'])
})
