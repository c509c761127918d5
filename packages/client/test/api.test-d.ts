import { expectTypeOf, test } from 'vitest'
import * as client from '../src/index.ts'
import * as indexedDb from '../src/indexeddb.ts'
import type * as promised from './promised-api.d.ts'

test('exports what the API promises', () => {
  expectTypeOf(client.createParleyClient).toExtend<typeof promised.createParleyClient>()
  expectTypeOf(client.memoryStorage).toExtend<typeof promised.memoryStorage>()
  expectTypeOf(indexedDb.indexedDbStorage).toExtend<typeof promised.indexedDbStorage>()
})

test('accepts the promised options and storages', () => {
  expectTypeOf<promised.ParleyClientOptions>().toExtend<client.ParleyClientOptions>()
  expectTypeOf<promised.ClientStorage>().toExtend<client.ClientStorage>()
  expectTypeOf<promised.OutgoingMessage>().toExtend<client.OutgoingMessage>()
})

test('shows the promised state', () => {
  expectTypeOf<client.ParleyClient>().toExtend<promised.ParleyClient>()
  expectTypeOf<client.ChatClient>().toExtend<promised.ChatClient>()
  expectTypeOf<client.ChatState>().toExtend<promised.ChatState>()
  expectTypeOf<client.Message>().toExtend<promised.Message>()
  expectTypeOf<client.ConnectionState>().toExtend<promised.ConnectionState>()
  expectTypeOf<client.Presence>().toExtend<promised.Presence>()
})
