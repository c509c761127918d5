import { expect } from 'vitest'
import type { PushMessage, PushProvider } from '../../../src/followers/push/push-provider.ts'
import type { PushTarget } from '../../../src/followers/push/push-target.ts'
import { type ChatId, newChatId } from '../../../src/ids.ts'
import type { Answer } from '../../harness/push/answers.ts'

/** A message as a double has received it. */
export type Arrived = Readonly<{ collapseKey: string; data: Readonly<Record<string, unknown>>; ttlS: number }>

/** A provider with a double of its server. */
export type ProviderStage = AsyncDisposable &
  Readonly<{
    provider: PushProvider
    target: PushTarget
    arrived(): readonly Arrived[]
    requestCount(): number
    answerWith(answer: () => Answer): void
    /** The answer for a target that does not exist any more. */
    gone: Answer
    /** Ends the server. */
    down(): Promise<void>
  }>

export type Law = (stage: ProviderStage) => Promise<void>

function about(chatId: ChatId, change: Partial<PushMessage> = {}): PushMessage {
  const data = { type: 'message', chatId: `chat_${chatId}`, seq: 7 }
  return { type: 'message', chatId, ttlS: 60, data, text: undefined, badge: 1, ...change }
}

/** A message arrives once per call, with its data. */
export async function sendsOnce({ provider, target, arrived, requestCount }: ProviderStage): Promise<void> {
  const chatId = newChatId()
  expect(await provider.send(target, about(chatId))).toEqual({ type: 'accepted' })
  expect(requestCount()).toBe(1)
  const [only] = arrived()
  expect(only?.data).toMatchObject({ type: 'message', chatId: `chat_${chatId}` })
  expect(Math.abs((only?.ttlS ?? 0) - 60)).toBeLessThanOrEqual(5)
}

/** Messages and withdrawals of one chat replace each other; those of different chats do not. */
export async function collapsesPerChat({ provider, target, arrived }: ProviderStage): Promise<void> {
  const [one, other] = [newChatId(), newChatId()]
  await provider.send(target, about(one))
  await provider.send(target, about(one, { type: 'withdrawal', data: { type: 'withdrawal' } }))
  await provider.send(target, about(other))
  const keys = arrived().map(({ collapseKey }) => collapseKey)
  expect(keys[0]).toBe(keys[1])
  expect(keys[2]).not.toBe(keys[0])
  for (const key of keys) expect(key).toMatch(/^[A-Za-z0-9_-]{1,32}$/)
}

/** The longest text fits into what the server takes. */
export async function takesTheLongestText({ provider, target }: ProviderStage): Promise<void> {
  const text = { title: 'é'.repeat(48), body: '中'.repeat(830) }
  expect(await provider.send(target, about(newChatId(), { text }))).toEqual({ type: 'accepted' })
}

export async function reportsATargetThatIsGone(stage: ProviderStage): Promise<void> {
  stage.answerWith(() => stage.gone)
  expect((await stage.provider.send(stage.target, about(newChatId()))).type).toBe('gone')
}

/** A message that is too large, or malformed, is not worth another attempt. */
export async function reportsARefusal({ provider, target, answerWith }: ProviderStage): Promise<void> {
  answerWith(() => ({ status: 413, body: '{}' }))
  expect(await provider.send(target, about(newChatId()))).toMatchObject({
    type: 'refused',
    reason: expect.stringContaining('413') as string,
  })
}

export async function asksToWait({ provider, target, answerWith }: ProviderStage): Promise<void> {
  answerWith(() => ({ status: 429, headers: { 'retry-after': '90' }, body: '{}' }))
  const limited = await provider.send(target, about(newChatId()))
  expect(limited).toMatchObject({ type: 'retry', afterMs: 90_000, isDown: false })
  answerWith(() => ({ status: 503, body: '{}' }))
  expect(await provider.send(target, about(newChatId()))).toMatchObject({ type: 'retry', isDown: true })
}

/** It never rejects, and works again when the server does. */
export async function survivesAServerThatIsAway(stage: ProviderStage): Promise<void> {
  await stage.provider.send(stage.target, about(newChatId()))
  await stage.down()
  expect(await stage.provider.send(stage.target, about(newChatId()))).toMatchObject({
    type: 'retry',
    isDown: true,
  })
}
