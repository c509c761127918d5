import { expect, test } from 'vitest'
import type { Line } from '../../../src/import/lines.ts'
import { checkLines } from '../../../src/import/plan.ts'

const NOW = new Date('2026-06-01T00:00:00Z')
const ANN = { type: 'user', id: 'ann', name: 'Ann' }
const BEN = { type: 'user', id: 'ben', name: 'Ben' }
const at = (minute: number): string => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString()
const TEAM = {
  type: 'chat',
  id: 'team',
  kind: 'GROUP',
  title: 'Team',
  createdAt: at(0),
  members: [{ id: 'ann', role: 'OWNER' }, { id: 'ben' }],
}
const PAIR = {
  type: 'chat',
  id: 'pair',
  kind: 'DIRECT',
  createdAt: at(0),
  members: [{ id: 'ben' }, { id: 'ann' }],
}
const message = (fields: object): object => ({
  type: 'message',
  id: '1',
  chat: 'team',
  sender: 'ann',
  body: 'Hi',
  sentAt: at(1),
  ...fields,
})

async function check(...records: readonly (object | string)[]) {
  async function* lines(): AsyncGenerator<Line, void, void> {
    for (const [index, record] of records.entries()) {
      yield {
        number: index + 1,
        text: typeof record === 'string' ? record : JSON.stringify(record),
        isUtf8: true,
      }
    }
  }
  return checkLines(lines(), NOW)
}

async function problemsOf(...records: readonly (object | string)[]): Promise<readonly string[]> {
  const checked = await check(...records)
  return checked.type === 'planned' ? [] : checked.problems.map(({ line, text }) => `${line}: ${text}`)
}

test('gives the messages of each chat seqs in the order of the file', async () => {
  const checked = await check(
    ANN,
    BEN,
    TEAM,
    PAIR,
    message({ id: 'a' }),
    message({ id: 'b', chat: 'pair', sender: 'ben' }),
    message({ id: 'c', replyTo: 'a' }),
  )
  if (checked.type !== 'planned') throw new Error(JSON.stringify(checked.problems))
  const { chats, messageCount } = checked.plan
  expect(messageCount).toBe(3)
  expect([...(chats.get('team')?.seqs ?? [])]).toEqual([
    ['a', 2],
    ['c', 3],
  ])
  expect([...(chats.get('pair')?.seqs ?? [])]).toEqual([['b', 1]])
})

test.each([
  ['{', 'is not JSON'],
  [{ type: 'room' }, 'type: must be user, chat or message'],
  [{ ...ANN, id: '' }, 'id: must be 1 to 255 characters without control characters'],
  [{ ...ANN, id: 'parley:system' }, 'id: must be 1 to 255 characters without control characters'],
  [{ ...ANN, id: 'dan', name: '\u200b' }, 'name: must have a visible character'],
  [{ ...ANN, id: 'dan', nickname: 'D' }, 'Unrecognized key: "nickname"'],
  [ANN, 'there is a user ann before'],
  [TEAM, 'there is a chat team before'],
  [{ ...TEAM, id: 'other', members: [{ id: 'zoe', role: 'OWNER' }] }, 'there is no user zoe before'],
  [{ ...TEAM, id: 'other', members: [{ id: 'ann' }] }, 'a group needs an owner'],
  [{ ...TEAM, id: 'other', title: undefined }, 'a group needs a title'],
  [{ ...TEAM, id: 'other', createdAt: '2026-07-01T00:00:00Z' }, 'createdAt is in the future'],
  [{ ...PAIR, id: 'again' }, 'these two users have a direct chat before'],
  [{ ...PAIR, id: 'one', members: [{ id: 'ann' }] }, 'a direct chat has two members'],
  [message({ chat: 'nowhere' }), 'there is no chat nowhere before'],
  [message({ sender: 'zoe' }), 'zoe is not a member of team'],
  [message({ id: 'first' }), 'there is a message first in this chat before'],
  [message({ sentAt: at(0) }), 'is older than the line before it in this chat; sort messages by time'],
  [message({ sentAt: '2026-07-01T00:00:00Z' }), 'sentAt is in the future'],
  [message({ sentAt: 'yesterday' }), 'sentAt: must be a time such as 2025-03-01T09:00:00Z'],
  [message({ body: '' }), 'body must be 1 to 8192 characters long'],
  [message({ replyTo: 'zero' }), 'there is no message zero before'],
] as const)('rejects %j', async (record, problem) => {
  const problems = await problemsOf(ANN, BEN, TEAM, PAIR, message({ id: 'first' }), record)
  expect(problems).toEqual([`6: ${problem}`])
})

test('reports many problems at once, but not all of a file that is wrong everywhere', async () => {
  expect(await problemsOf('a', ANN, 'b')).toEqual(['1: is not JSON', '3: is not JSON'])
  expect(await problemsOf(...Array.from({ length: 200 }, () => '{'))).toHaveLength(50)
})

test('records carry data of the product within the bounds of the API', async () => {
  const data = { order: 7 }
  const tooLarge = { text: 'x'.repeat(4_096) }
  expect(
    await problemsOf(
      { ...ANN, data },
      { ...BEN, data: tooLarge },
      BEN,
      { ...TEAM, data: { text: 'x'.repeat(16_000) } },
      message({ data, messageType: 'order.placed' }),
      message({ id: '2', data: [1] }),
      message({ id: '3', messageType: 'no spaces' }),
    ),
  ).toEqual([
    '2: data: is larger than 4096 bytes',
    '6: data: must be a JSON object',
    '7: messageType: type must be 1 to 64 letters, digits, dots, hyphens or underscores',
  ])
})
