import { randomUUID } from 'node:crypto'
import { request as openRequest } from 'node:http'
import { text } from 'node:stream/consumers'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startParley, type TestParley } from '../../harness/servers/parley.ts'
import { Stream } from '../../harness/people/person.ts'
import {
  createUpload,
  findAttachment,
  type MessageWithFiles,
  put,
  sendFiles,
  upload,
} from '../../harness/people/files.ts'

describe.each(['folder', 's3'] as const)('with files in: %s', (media) => {
  let parley: TestParley
  beforeAll(async () => {
    parley = await startParley({ media })
  })
  afterAll(() => parley[Symbol.asyncDispose]())

  const photo = () =>
    sharp({ create: { width: 1_600, height: 1_200, channels: 3, background: 'teal' } })
      .jpeg()
      .toBuffer()

  test('sends a picture, which the other member sees, opens and loses when it is deleted', async () => {
    const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
    const chat = await alice.startChat(bob)
    const picture = await upload(alice, await photo(), { fileName: 'sea.jpg', contentType: 'image/jpeg' })
    expect(picture).toMatchObject({
      kind: 'IMAGE',
      width: 1_600,
      height: 1_200,
      thumbhash: expect.any(String) as string,
    })
    expect(await findAttachment(bob, picture.id)).toBeNull()

    const { message } = await sendFiles(alice, chat, [picture])
    expect(message).toMatchObject({ body: null, attachments: [{ id: picture.id, fileName: 'sea.jpg' }] })
    const seen = await findAttachment(bob, picture.id)
    expect(seen).toMatchObject({ id: picture.id, kind: 'IMAGE' })
    const file = await fetch(seen?.url ?? '')
    expect(file.status).toBe(200)
    expect(file.headers.get('content-type')).toBe('image/jpeg')
    expect((await sharp(Buffer.from(await file.arrayBuffer())).metadata()).width).toBe(1_600)
    const small = await sharp(Buffer.from(await (await fetch(seen?.small ?? '')).arrayBuffer())).metadata()
    expect(small).toMatchObject({ format: 'webp', width: 320, height: 240 })

    await alice.run(`mutation ($id: ID!) { deleteMessage(input: { messageId: $id }) { message { body } } }`, {
      id: message.id,
    })
    expect((await fetch(seen?.url ?? '')).status).toBe(404)
    expect(await findAttachment(bob, picture.id)).toBeNull()
  })

  test('rejects an attachment that is not complete, not the own one, or was sent before', async () => {
    const [alice, bob] = [await parley.person('ann'), await parley.person('ben')]
    const chat = await alice.startChat(bob)
    const { attachment } = await createUpload(alice, { byteSize: 3 })
    const sent = await upload(alice, Buffer.from('abc'))
    const key = randomUUID()
    const first = await sendFiles(alice, chat, [sent], { body: 'Notes', clientMessageId: key })
    const foreign = await upload(bob, Buffer.from('abc'))
    for (const unusable of [attachment, foreign, sent]) {
      await expect(sendFiles(alice, chat, [unusable])).rejects.toThrow('BAD_USER_INPUT')
    }
    const again = await sendFiles(alice, chat, [sent], { body: 'Notes', clientMessageId: key })
    expect(again).toMatchObject({
      deduplicated: true,
      message: { id: first.message.id, attachments: [{ id: sent.id }] },
    })
    await expect(alice.send(chat, 'Notes', key)).rejects.toThrow('CONFLICT')
    expect((await alice.fetchChat(chat)).headSeq).toBe(1)
  })

  test('an alternative text reaches members in events, history and replay, and a repeated send', async () => {
    const [alice, bob] = [await parley.person('amy'), await parley.person('bo')]
    const chat = await alice.startChat(bob)
    const query = `subscription { inbox(deviceId: "phone") { __typename ... on ChatEvent { seq chat { id } }
      ... on MessageSent { message { attachments { id altText } } } } }`
    using live = new Stream(bob.socket, query, {})
    await live.caughtUp()
    const picture = await upload(alice, await photo(), {
      contentType: 'image/jpeg',
      altText: '  A calm sea\u202E, seen from the shore ',
    })
    const altText = 'A calm sea, seen from the shore'
    expect(picture.altText).toBe(altText)
    const key = randomUUID()
    const sent = await sendFiles(alice, chat, [picture], { clientMessageId: key })
    const again = await sendFiles(alice, chat, [picture], { clientMessageId: key })
    for (const { message } of [sent, again]) expect(message.attachments).toMatchObject([{ altText }])
    expect(await findAttachment(bob, picture.id)).toMatchObject({ altText })
    using replayed = new Stream(bob.socket, query, {})
    for (const inbox of [live, replayed]) {
      const { message } = await inbox.next('MessageSent')
      expect((message as MessageWithFiles).attachments).toEqual([{ id: picture.id, altText }])
    }
  })

  test('a live event has the attachments with addresses of its own reader', async () => {
    const [alice, bob] = [await parley.person('eve'), await parley.person('dan')]
    const chat = await alice.startChat(bob)
    const query = `subscription { inbox { __typename ... on ChatEvent { seq chat { id } }
    ... on MessageSent { message { body attachments { id url } } } } }`
    using inbox = new Stream(bob.socket, query, {})
    await inbox.caughtUp()
    const file = await upload(alice, Buffer.from('abc'))
    await sendFiles(alice, chat, [file])
    const { message } = await inbox.next('MessageSent')
    const [attachment] = (message as MessageWithFiles).attachments
    expect(attachment?.id).toBe(file.id)
    expect(attachment?.url).not.toBe(file.url)
    expect(await (await fetch(attachment?.url ?? '')).text()).toBe('abc')
  })

  test('a request that repeats an upload ends the one before with CONFLICT, so that the disk holds it once', async () => {
    const alice = await parley.person('ina')
    const { uploadUrl, attachment } = await createUpload(alice, { byteSize: 6 })
    // The oldest request, which nothing ends before its deadline.
    const alone = hangingPut((await createUpload(alice, { byteSize: 6 })).uploadUrl, 'abc')
    const hanging = [hangingPut(uploadUrl, 'abc'), hangingPut(uploadUrl, 'def')]
    const answersOf = (requests: readonly Promise<string>[], name: string) =>
      requests.map((answer) => answer.then(() => name))
    const first = await Promise.race([...answersOf([alone], 'alone'), ...answersOf(hanging, 'repeated')])
    expect(first).toBe('repeated')
    expect((await put(uploadUrl, Buffer.from('123456'))).status).toBe(204)
    for (const answer of hanging) expect(await answer).toMatch(/^409 .*"code":"CONFLICT"/)
    expect(await (await fetch(attachment.url)).text()).toBe('123456')
  })

  test('an upload that has another length than announced is rejected, and can be repeated', async () => {
    const alice = await parley.person('una')
    const { uploadUrl, attachment } = await createUpload(alice, { byteSize: 3 })
    for (const wrong of ['ab', 'abcd']) expect((await put(uploadUrl, Buffer.from(wrong))).status).toBe(400)
    expect((await put(uploadUrl, Buffer.from('abc'))).status).toBe(204)
    expect((await put(uploadUrl, Buffer.from('xyz'))).status).toBe(204)
    expect(await (await fetch(attachment.url)).text()).toBe('abc')
  })
})

/** Sends half of a file of six bytes. Resolves with the answer, or why there is none. */
function hangingPut(url: string, half: string): Promise<string> {
  return new Promise((resolve) => {
    const request = openRequest(url, { method: 'PUT', headers: { 'content-length': 6 } }, (response) => {
      void text(response).then((body) => {
        resolve(`${response.statusCode} ${body}`)
        request.destroy()
      })
    })
    request.once('error', ({ message }) => resolve(message))
    request.write(half)
  })
}
