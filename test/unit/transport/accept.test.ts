import { expect, test } from 'vitest'
import { accepts, mediaRanges } from '../../../src/transport/http/accept.ts'

test.for([
  [null, 'application/json', true],
  [' ', 'application/json', true],
  ['*/*', 'text/event-stream', true],
  ['text/*', 'text/event-stream', true],
  ['text/*', 'application/json', false],
  ['Application/JSON; charset=utf-8', 'application/json', true],
  ['application/json;q=0', 'application/json', false],
  ['application/json; Q=0.0, */*', 'application/json', false],
  ['application/json;q=0, */*', 'text/event-stream', true],
  ['text/*;q=0, text/event-stream', 'text/event-stream', true],
  ['*/*;q=0', 'application/json', false],
  ['application/json;q=high', 'application/json', false],
  ['multipart/mixed;q=0, multipart/mixed;subscriptionSpec=1.0', 'multipart/mixed', true],
  ['application/jsonp', 'application/json', false],
] as const)('Accept: %s, and %s: %s', ([header, mediaType, expected]) => {
  expect(accepts(mediaRanges(header), mediaType)).toBe(expected)
})

test('values have no quotes and names no case', () => {
  const [range] = mediaRanges('multipart/mixed; boundary="graphql"; subscriptionSpec=1.0')
  expect(Object.fromEntries(range?.parameters ?? [])).toEqual({
    boundary: 'graphql',
    subscriptionspec: '1.0',
  })
})
