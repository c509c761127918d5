import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { createEventParser, type ServerSentEvent } from '../../../examples/hand-written/event-stream.ts'
import { createHttpApi } from '../../../examples/hand-written/http-api.ts'

function parse(...chunks: readonly string[]): ServerSentEvent[] {
  const parser = createEventParser()
  return chunks.flatMap((chunk) => parser(chunk))
}

test('keeps U+2028 and U+2029 in the data of an event', () => {
  const data = 'one\u2028two\u2029three'
  expect(parse(`event: next\ndata: ${data}\n\n`)).toEqual([{ type: 'next', data }])
})

test.for([
  ['LF', '\n'],
  ['CRLF', '\r\n'],
])('reads lines that end with %s, wherever the network splits them', ([, end = '']) => {
  const text = ['event: next', 'data: {"a":', 'data:1}', '', ': comment', '', 'data', '', ''].join(end)
  const expected = [
    { type: 'next', data: '{"a":\n1}' },
    { type: 'message', data: '' },
  ]
  for (let at = 0; at <= text.length; at += 1)
    expect(parse(text.slice(0, at), text.slice(at))).toEqual(expected)
  expect(parse(...text.split(''))).toEqual(expected)
})

test('reads lines that end with CR', () => {
  expect(parse('event: next\rdata: 1\r\rdata: 2\r\r', ':\r')).toEqual([
    { type: 'next', data: '1' },
    { type: 'message', data: '2' },
  ])
})

test('reports no event for comments, for other fields, without data, or before the blank line', () => {
  expect(parse(': comment\n\n', 'id: 7\nretry: 10\n\n', 'event: next\n\n', 'data: cut off\n')).toEqual([])
})

/** An HTTP server with scripted responses, one for each request. */
async function scripted(...responses: readonly ((response: ServerResponse) => void)[]) {
  let requests = 0
  const server = createServer((_, response) => responses[requests++]?.(response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

test('a subscription ends with an error if the stream is silent for too long', async () => {
  await using server = await scripted((response) => response.write('event: next\ndata: {"data":{"n":1}}\n\n'))
  const api = createHttpApi(server.url, () => '', 200)
  const received: unknown[] = []
  const reading = (async () => {
    for await (const item of api.subscribe('')) received.push(item)
  })()
  await expect(reading).rejects.toThrow('No data for 200 ms')
  expect(received).toEqual([{ n: 1 }])
})

test('a subscription ends with an error if the server does not respond', async () => {
  await using server = await scripted(() => undefined)
  const items = createHttpApi(server.url, () => '', 200).subscribe('')
  await expect(items[Symbol.asyncIterator]().next()).rejects.toThrow('No data for 200 ms')
})

test('comments keep a subscription open, and `complete` ends it', async () => {
  await using server = await scripted((response) => {
    let comments = 0
    const timer = setInterval(() => {
      response.write(':\r\n\r\n')
      if ((comments += 1) < 10) return
      clearInterval(timer)
      response.write('event: next\r\ndata: {"data":{"n":1}}\r\n\r\nevent: complete\r\ndata:\r\n\r\n')
    }, 100)
  })
  const received: unknown[] = []
  for await (const item of createHttpApi(server.url, () => '', 600).subscribe('')) received.push(item)
  expect(received).toEqual([{ n: 1 }])
})
