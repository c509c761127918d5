import { GraphQLError } from 'graphql'
import { expect, test } from 'vitest'
import {
  completeMessage,
  errorMessage,
  nextMessage,
  readMessage,
} from '../../../src/transport/websocket/messages.ts'

test.each([
  { type: 'connection_init' },
  { type: 'connection_init', payload: { authorization: 'Bearer x' } },
  { type: 'ping', payload: null },
  { type: 'pong' },
  { type: 'complete', id: '1' },
  { type: 'subscribe', id: '1', payload: { query: '{ a }', variables: null, operationName: null } },
  {
    type: 'subscribe',
    id: '1',
    payload: { query: '{ a }', operationName: 'A', variables: {}, extensions: {} },
  },
])('reads %j', (message) => {
  expect(readMessage(JSON.stringify(message))).toEqual(message)
})

test.each([{}, { query: 42 }, { query: null }])('reads an operation of %j without a text', (payload) => {
  const message = { type: 'subscribe', id: '1', payload }
  expect(readMessage(JSON.stringify(message))).toEqual({ ...message, payload: { query: '' } })
})

test.each([
  'hello',
  'null',
  '[]',
  '{"type":"next","id":"1","payload":{}}',
  '{"type":"connection_ack"}',
  '{"type":"connection_init","payload":"x"}',
  '{"type":"ping","payload":[]}',
  '{"type":"complete"}',
  '{"type":"complete","id":""}',
  '{"type":"subscribe","id":1,"payload":{}}',
  '{"type":"subscribe","id":"1","payload":[]}',
  '{"type":"subscribe","id":"1","payload":{"variables":[]}}',
  '{"type":"subscribe","id":"1","payload":{"operationName":1}}',
  '{"type":"subscribe","id":"1","payload":{"extensions":"x"}}',
])('does not read %s', (text) => {
  expect(readMessage(text)).toBeUndefined()
})

test('writes the id of an operation as the client sent it, and errors after data', () => {
  const id = 'the "id"'
  const errors = [new GraphQLError('no', { extensions: { code: 'FORBIDDEN' } })]
  const shown = [{ message: 'no', extensions: { code: 'FORBIDDEN' } }]
  expect(JSON.parse(completeMessage(id))).toEqual({ id, type: 'complete' })
  expect(JSON.parse(errorMessage(id, errors))).toEqual({ id, type: 'error', payload: shown })
  expect(nextMessage(id, { errors, data: { a: 1 } })).toBe(
    JSON.stringify({ id, type: 'next', payload: { data: { a: 1 }, errors: shown } }),
  )
})
