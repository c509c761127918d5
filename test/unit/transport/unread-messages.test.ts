import { expect, test, vi } from 'vitest'
import type { UserId } from '../../../src/ids.ts'
import type { MessageSource } from '../../../src/transport/pipeline/intake.ts'
import {
  type ReadingInput,
  type ReadingState,
  transition,
  UnreadMessages,
} from '../../../src/transport/websocket/unread-messages.ts'

const INPUTS: readonly ReadingInput[] = ['received', 'filled', 'emptied', 'indebted', 'released', 'ended']

test.for<[ReadingState, Partial<Record<ReadingInput, ReadingState>>]>([
  ['idle', { received: 'queued', ended: 'ended' }],
  ['queued', { filled: 'queued', emptied: 'idle', indebted: 'held', ended: 'ended' }],
  ['held', { released: 'queued', ended: 'ended' }],
  ['ended', {}],
])('%s leads to the states of the diagram, and ignores all other inputs', ([state, expected]) => {
  const next = INPUTS.map((input) => [input, transition(state, input)?.state] as const)
  expect(Object.fromEntries(next.filter(([, to]) => to !== undefined))).toEqual(expected)
})

/** The unread messages of one connection, and their effects in order. The test reads in place of the intake. */
function start() {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
  const effects: string[] = []
  const read: string[] = []
  const debt = { ms: 0 }
  const owner = {
    userId: undefined as UserId | undefined,
    address: '192.0.2.1',
    handleMessage: ({ data }: Readonly<{ data: Buffer }>) => void read.push(data.toString()),
  }
  const unread = new UnreadMessages(
    {
      socket: { pause: () => effects.push('pause'), resume: () => effects.push('resume') },
      intake: { add: (source: MessageSource) => effects.push(source === unread ? 'join' : 'other') },
      reading: { waitMs: () => debt.ms, charge: () => effects.push('charge') },
    },
    owner,
  )
  const add = (...texts: readonly string[]): void => {
    for (const text of texts) unread.add(Buffer.from(text))
  }
  return { unread, add, effects, read, debt, [Symbol.dispose]: () => void vi.useRealTimers() }
}

test('reads in order, and joins the intake again when it was empty', () => {
  using connection = start()
  connection.add('first', 'second')
  expect([connection.unread.readOne(), connection.unread.readOne()]).toEqual([true, false])
  connection.add('third')
  expect(connection.unread.readOne()).toBe(false)
  expect(connection.read).toEqual(['first', 'second', 'third'])
  expect(connection.effects).toEqual(['join', 'charge', 'resume', 'join', 'charge', 'resume'])
})

test('reads the first message of a payer in debt, and holds the next until the timer', () => {
  using connection = start()
  connection.debt.ms = 1_000
  connection.add('first', 'second')
  expect([connection.unread.readOne(), connection.unread.readOne()]).toEqual([true, false])
  vi.advanceTimersByTime(999)
  expect(connection.effects).toEqual(['join', 'pause'])
  connection.debt.ms = 0
  vi.advanceTimersByTime(1)
  expect(connection.effects).toEqual(['join', 'pause', 'join'])
  connection.unread.readOne()
  expect(connection.read).toEqual(['first', 'second'])
})

test('a token that is accepted releases what is held, and its timer releases nothing again', () => {
  using connection = start()
  connection.debt.ms = 1_000
  connection.add('first', 'second', 'third')
  for (let count = 0; count < 2; count++) connection.unread.readOne()
  connection.unread.release()
  connection.unread.release()
  expect(vi.getTimerCount()).toBe(0)
  expect(connection.effects).toEqual(['join', 'pause', 'join'])
})

test('pauses a full queue, and resumes when it has been read to its end', () => {
  using connection = start()
  connection.add('first', 'x'.repeat(65_536), 'third')
  expect(connection.effects).toEqual(['join', 'pause', 'pause'])
  for (let count = 0; count < 2; count++) connection.unread.readOne()
  expect(connection.effects).not.toContain('resume')
  connection.unread.readOne()
  expect(connection.effects.at(-1)).toBe('resume')
})

test('the end drops what is held, with its timer, and all that follows', () => {
  using connection = start()
  connection.debt.ms = 1_000
  connection.add('first', 'second')
  for (let count = 0; count < 2; count++) connection.unread.readOne()
  connection.unread.end()
  expect(vi.getTimerCount()).toBe(0)
  connection.add('third')
  connection.unread.release()
  expect(connection.unread.readOne()).toBe(false)
  expect([connection.read, connection.effects]).toEqual([['first'], ['join', 'pause', 'resume']])
})
