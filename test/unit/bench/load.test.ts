import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { MessagesInFlight } from '../../../bench/load/messages-in-flight.ts'
import { NUMBER, NumberedFrame, readNumber } from '../../../bench/load/numbered-frame.ts'
import { frameOf, Wire } from '../../../bench/load/wire.ts'

describe('the wire of the load generator', () => {
  test.each([
    ['a short text', 'hello'],
    ['a text with a length of two bytes', 'x'.repeat(5_000)],
    ['a text with a length of eight bytes', 'é'.repeat(40_000)],
  ])('sends and receives %s', async (_, text) => {
    await using echo = await startEcho()
    const received = await echo.exchange([text])
    expect(received).toEqual([text])
  })

  test('receives every frame of a chunk, in order', async () => {
    await using echo = await startEcho()
    const texts = Array.from({ length: 500 }, (_, index) => `${index}`.repeat(index))
    expect(await echo.exchange(texts)).toEqual(texts)
  })
})

describe('a numbered frame', () => {
  test('writes the number in every place and keeps the template', async () => {
    await using echo = await startEcho()
    const frame = new NumberedFrame(`{"id":"n${NUMBER}","body":"n${NUMBER} hello"}`)
    const received = await echo.exchange([frame.with(42), frame.with(1_234_567_890)])
    expect(received).toEqual([
      '{"id":"n0000000042","body":"n0000000042 hello"}',
      '{"id":"n1234567890","body":"n1234567890 hello"}',
    ])
  })

  test('reads a number back', () => {
    expect(readNumber(Buffer.from('n0000012345 hello'), 1)).toBe(12_345)
  })
})

describe('messages in flight', () => {
  test('are complete after the answer and all deliveries', async () => {
    const messages = new MessagesInFlight()
    const number = messages.add(10, 7, 2)
    expect([messages.dueAt(number), messages.owner(number)]).toEqual([10, 7])
    expect([messages.take(number), messages.take(number), messages.take(number)]).toEqual([
      false,
      false,
      true,
    ])
    expect(messages.take(number)).toBe(false)
    expect(await messages.drain()).toBe(0)
  })

  test('expect nothing of a message that was refused', async () => {
    const messages = new MessagesInFlight()
    messages.drop(messages.add(0, 0, 1))
    expect(await messages.drain()).toBe(0)
  })
})

/** A server that sends every text back. */
async function startEcho() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  server.on('connection', (socket: WebSocket) =>
    socket.on('message', (data, binary) => socket.send(data, { binary })),
  )
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    async exchange(frames: readonly (string | Buffer)[]): Promise<readonly string[]> {
      const received: string[] = []
      const { promise, resolve } = Promise.withResolvers<void>()
      const wire = await Wire.open(`ws://127.0.0.1:${port}`, 'any', (bytes, start, end) => {
        received.push(bytes.toString('utf8', start, end))
        if (received.length === frames.length) resolve()
      })
      for (const frame of frames) wire.write(typeof frame === 'string' ? frameOf(frame) : frame)
      await promise
      wire.close()
      return received
    },
    async [Symbol.asyncDispose]() {
      for (const socket of server.clients) socket.terminate()
      server.close()
      await once(server, 'close')
    },
  }
}
