import { once } from 'node:events'
import { createServer, type IncomingMessage, request as openRequest, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { appendChunks, chunksOf } from '../../../src/media/chunk-memory.ts'

// The memory of files is freed as soon as they are written, without the collector.

test('chunks that wait are not joined, so that each of them can be freed', async () => {
  const chunks = ['a', 'b', 'c', 'd'].map((text) =>
    Buffer.from(new TextEncoder().encode(text.repeat(10)).buffer),
  )
  const stream = new Readable({ read: () => undefined })
  for (const chunk of [...chunks, null]) stream.push(chunk)
  const written: string[] = []
  const file = { appendFile: async (chunk: Buffer) => void written.push(String(chunk)) }
  await appendChunks(file as never, chunksOf(stream))
  expect(written.join(' ')).toBe('aaaaaaaaaa bbbbbbbbbb cccccccccc dddddddddd')
  expect(chunks.map(({ length }) => length)).toEqual([0, 0, 0, 0])
})

test('a stream that is not read waits with its bytes', async () => {
  let pushed = 0
  const stream = new Readable({
    highWaterMark: 1,
    read() {
      pushed += 1
      this.push(Buffer.from('x'))
    },
  })
  const chunks = chunksOf(stream)
  for (let taken = 1; taken <= 20; taken += 1) {
    expect(String((await chunks.next()).value)).toBe('x')
    // One for the reader, two that wait here, and one in the stream.
    expect(pushed).toBeLessThanOrEqual(taken + 4)
  }
  await chunks.return(undefined)
})

test('a request that ends early or had ended rejects, and one whose reader stops can still be answered', async () => {
  await using server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const begin = async (): Promise<readonly [Readable, ReturnType<typeof openRequest>, () => void]> => {
    const client = openRequest({ port, host: '127.0.0.1', method: 'PUT', headers: { 'content-length': 10 } })
    client.on('error', () => undefined).write('12345')
    const [received, response] = (await once(server, 'request')) as [IncomingMessage, ServerResponse]
    return [received, client, () => response.end('answer')]
  }
  const [cut, client] = await begin()
  const chunks = chunksOf(cut)
  expect(String((await chunks.next()).value)).toBe('12345')
  const rest = expect(chunks.next()).rejects.toThrow(/aborted/)
  client.destroy()
  await rest
  await expect(chunksOf(cut).next()).rejects.toThrow(/aborted|destroyed/)

  const [left, answered, answer] = await begin()
  for await (const _ of chunksOf(left)) break
  answer()
  const [response] = (await once(answered, 'response')) as [Readable]
  expect(String(Buffer.concat(await response.toArray()))).toBe('answer')
  answered.destroy()
})
