import { expect, test } from 'vitest'
import { createLogTails } from '../../../src/gateway/log-tails.ts'
import type { ChatId } from '../../../src/ids.ts'

const chat = (index: number): ChatId => `chat ${index}` as ChatId

test('holds the tails of at most 10,000 chats, and evicts the least recently used', () => {
  const tails = createLogTails()
  for (let index = 0; index <= 10_000; index += 1) tails.keep(chat(index), { headSeq: 7, membersSeq: 3 })
  expect(tails.get(chat(0))).toEqual({ headSeq: 0, membersSeq: 0 })
  expect(tails.get(chat(1))).toEqual({ headSeq: 7, membersSeq: 3 })
  expect(tails.get(chat(10_000))).toEqual({ headSeq: 7, membersSeq: 3 })
})
