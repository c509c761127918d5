import { expect, test } from 'vitest'
import { streamFormatFor } from '../../../src/transport/http/stream-format.ts'

test.each([
  [null, 'text/event-stream'],
  ['', 'text/event-stream'],
  ['*/*', 'text/event-stream'],
  ['text/*', 'text/event-stream'],
  ['Text/Event-Stream', 'text/event-stream'],
  ['application/json, text/event-stream', 'text/event-stream'],
  ['multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json', 'multipart/mixed'],
  ['multipart/mixed; boundary="graphql"; subscriptionSpec="1.0"', 'multipart/mixed'],
  ['multipart/mixed;subscriptionSpec=1.0, text/event-stream', 'multipart/mixed'],
  ['multipart/mixed;subscriptionSpec=1.0;q=0.5, text/event-stream', 'text/event-stream'],
  ['text/event-stream;q=0, multipart/mixed;subscriptionSpec=1.0', 'multipart/mixed'],
  ['application/graphql-response+json, text/event-stream, multipart/mixed', 'text/event-stream'],
])('for %j chooses %s', (accept, type) => {
  expect(streamFormatFor(accept)?.contentType.split(';')[0]).toBe(type)
})

test.each([
  'application/json',
  'multipart/mixed',
  'multipart/mixed;deferSpec=20220824, application/json',
  'multipart/mixed;subscriptionSpec=2.0',
  'text/event-stream;q=0',
  '*/*, text/event-stream;q=0',
  'text/event-stream;q=x',
])('for %j finds no stream', (accept) => {
  expect(streamFormatFor(accept)).toBeUndefined()
})
