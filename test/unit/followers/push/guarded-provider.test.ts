import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { guardProvider } from '../../../../src/followers/push/guarded-provider.ts'
import type { PushMessage, PushOutcome } from '../../../../src/followers/push/push-provider.ts'
import type { FcmTarget } from '../../../../src/followers/push/push-target.ts'
import { newChatId } from '../../../../src/ids.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const DOWN: PushOutcome = { type: 'retry', reason: '503', afterMs: undefined, isDown: true }
const MESSAGE: PushMessage = {
  type: 'message',
  chatId: newChatId(),
  ttlS: 60,
  data: {},
  text: undefined,
  badge: 1,
}

/** The servers of the targets are their tokens. */
function guard(answers: (token: string) => Promise<PushOutcome>) {
  const calls: string[] = []
  const send = async ({ token }: FcmTarget) => {
    calls.push(token)
    return answers(token)
  }
  const guarded = guardProvider<FcmTarget>({ name: 'FCM', send }, ({ token }) => token, 16)
  return { calls, to: (token: string) => guarded.send({ provider: 'FCM', token }, MESSAGE) }
}

test('a server that is down is not asked for a while, and the others are', async () => {
  let isDown = true
  const { calls, to } = guard(async (token) =>
    Promise.resolve(token === 'a' && isDown ? DOWN : { type: 'accepted' }),
  )
  for (let attempt = 0; attempt < 8; attempt += 1) expect((await to('a')).type).toBe('retry')
  expect(calls).toHaveLength(5)
  expect(await to('b')).toEqual({ type: 'accepted' })
  isDown = false
  vi.advanceTimersByTime(30_000)
  expect(await to('a')).toEqual({ type: 'accepted' })
  expect(await to('a')).toEqual({ type: 'accepted' })
})

test('a server that refuses messages is not down', async () => {
  const { calls, to } = guard(() => Promise.resolve({ type: 'refused', reason: '413' }))
  for (let attempt = 0; attempt < 8; attempt += 1) await to('a')
  expect(calls).toHaveLength(8)
})

test('a server that does not answer takes no more than its share of places', async () => {
  const never = Promise.withResolvers<PushOutcome>()
  const { calls, to } = guard((token) =>
    token === 'slow' ? never.promise : Promise.resolve({ type: 'accepted' }),
  )
  const waiting = Array.from({ length: 16 }, () => to('slow'))
  expect(await to('slow')).toMatchObject({ type: 'retry', reason: '16 messages to slow are in progress' })
  expect(await to('fast')).toEqual({ type: 'accepted' })
  never.resolve({ type: 'accepted' })
  await Promise.all(waiting)
  expect(calls.filter((token) => token === 'slow')).toHaveLength(16)
})
