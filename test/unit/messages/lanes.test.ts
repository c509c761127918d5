import { setImmediate as thisTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { ChatId } from '../../../src/ids.ts'
import { BatcherFullError } from '../../../src/lib/batcher.ts'
import { createLanes } from '../../../src/messages/lanes.ts'
import { chatId, range } from '../../harness/fixtures/chat-events.ts'
import { type PendingCall, createManualWork } from '../../harness/fixtures/manual-work.ts'

type Send = Readonly<{ chatId: ChatId; body: string }>

const CHATS = range(1, 40).map((number) => `chat ${number}`)
const send = (chat: string, body = 'Hello'): Send => ({ chatId: chatId(chat), body })

function heldLanes({ count = 4, maxWaiting = 100 } = {}) {
  const { run: write, calls } = createManualWork<Send, string>()
  return { calls, lanes: createLanes<Send, string>({ write, count, maxBatch: 100, maxWaiting }) }
}

function finish({ items, finish: answer }: PendingCall<Send, string>): void {
  answer(items.map(({ body }) => `stored ${body}`))
}

const bodiesOf = ({ items }: PendingCall<Send, string>): string[] => items.map(({ body }) => body)

test('writes the sends of one chat in order of arrival, one write at a time', async () => {
  const { lanes, calls } = heldLanes()
  const first = lanes.submit(send('tea', '1'))
  const underWay = await calls.next()
  const later = ['2', '3'].map((body) => lanes.submit(send('tea', body)))
  expect(calls.all).toHaveLength(1)
  finish(underWay)
  const next = await calls.next()
  expect([bodiesOf(underWay), bodiesOf(next)]).toEqual([['1'], ['2', '3']])
  finish(next)
  expect(await Promise.all([first, ...later])).toEqual(['stored 1', 'stored 2', 'stored 3'])
})

test('spreads chats over all lanes, and always uses the same lane for a chat', async () => {
  const { lanes, calls } = heldLanes({ count: 4 })
  const answers = CHATS.flatMap((chat) => [lanes.submit(send(chat)), lanes.submit(send(chat))])
  const writes = [...(await calls.until((all) => all.length === 4))]
  const chatsOf = writes.map(({ items }) => new Set(items.map((item) => item.chatId)))
  const shared = chatsOf.flatMap((chats) => [...chats])
  expect(new Set(shared).size).toBe(shared.length)
  writes.forEach(finish)
  await Promise.all(answers)
})

test('delays only its own lane if the write of a chat is slow', async () => {
  const { lanes, calls } = heldLanes({ count: 4 })
  const slow = lanes.submit(send('tea'))
  const held = await calls.next()
  const others = CHATS.map((chat) => lanes.submit(send(chat)))
  const writes = [...(await calls.until((all) => all.length === 4))]
  writes.filter((call) => call !== held).forEach(finish)
  await Promise.any(others)
  finish(held)
  finish(await calls.match((call) => !writes.includes(call)))
  await Promise.all([slow, ...others])
})

describe('when sends fail', () => {
  test('rejects a send with UNAVAILABLE if its lane is full', async () => {
    const { lanes, calls } = heldLanes({ maxWaiting: 1 })
    const first = lanes.submit(send('tea'))
    const underWay = await calls.next()
    const second = lanes.submit(send('tea'))
    const refusal = await lanes.submit(send('tea')).catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'UNAVAILABLE', extensions: { retryable: true } })
    expect(refusal).toHaveProperty('cause', expect.any(BatcherFullError))
    finish(underWay)
    finish(await calls.next())
    await Promise.all([first, second])
  })

  test('passes the error of a write to its senders unchanged', async () => {
    const { lanes, calls } = heldLanes()
    const error = new Error('the database said no')
    const failing = lanes.submit(send('tea')).catch((reason: unknown) => reason)
    ;(await calls.next()).fail(error)
    expect(await failing).toBe(error)
  })
})

test.each([0, 1, 2, 3])('is drained when the last lane is, even if that is lane %i', async (last) => {
  const { lanes, calls } = heldLanes()
  const answers = CHATS.map((chat) => lanes.submit(send(chat)))
  const writes = [...(await calls.until((all) => all.length === 4))]
  const order: string[] = []
  const drained = lanes.drained().then(() => order.push('drained'))
  writes.filter((_, index) => index !== last).forEach(finish)
  await Promise.any(answers)
  await thisTurn()
  order.push('last write')
  writes.slice(last).forEach(finish)
  await Promise.all([...answers, drained])
  expect(order).toEqual(['last write', 'drained'])
})
