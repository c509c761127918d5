import { expect, test } from 'vitest'
import { isBatchable } from '../../../src/overload/operation-rules.ts'
import { AT_ONCE, createConcurrencyLimit } from '../../../src/quotas/concurrency-limit.ts'
import { alice, bob } from '../../harness/fixtures/chat-events.ts'

/** Work that ends when told so, and what has begun of it. */
class Desk {
  readonly begun: string[] = []
  readonly #ends = new Map<string, PromiseWithResolvers<string>>()

  work(name: string): () => Promise<string> {
    const end = Promise.withResolvers<string>()
    this.#ends.set(name, end)
    return () => {
      this.begun.push(name)
      return end.promise
    }
  }

  async end(name: string, error?: Error): Promise<void> {
    const { resolve, reject } = this.#ends.get(name) ?? Promise.withResolvers<string>()
    if (error === undefined) resolve(name)
    else reject(error)
    await new Promise(setImmediate)
  }
}

test('two at once of each person; the others in the order in which they came, whatever becomes of those before', async () => {
  const [desk, turns] = [new Desk(), createConcurrencyLimit(2)]
  const answers = ['a1', 'a2', 'a3', 'a4'].map((name) => turns.run(alice, desk.work(name)))
  const his = turns.run(bob, desk.work('b1'))
  await new Promise(setImmediate)
  expect(desk.begun).toEqual(['a1', 'a2', 'b1'])
  const failed = expect(answers[1]).rejects.toThrow('failed')
  await desk.end('a2', new Error('failed'))
  await failed
  expect(desk.begun).toEqual(['a1', 'a2', 'b1', 'a3'])
  for (const name of ['b1', 'a1', 'a3', 'a4']) await desk.end(name)
  expect(await Promise.all([his, answers[0], answers[2], answers[3]])).toEqual(['b1', 'a1', 'a3', 'a4'])
})

test('whoever comes just when their last one ends does not get a second line', async () => {
  const [desk, turns] = [new Desk(), createConcurrencyLimit(1)]
  const first = turns.run(alice, desk.work('first'))
  const second = first.then(() => turns.run(alice, desk.work('second')))
  await desk.end('first')
  const third = turns.run(alice, desk.work('third'))
  await new Promise(setImmediate)
  expect(desk.begun).toEqual(['first', 'second'])
  await desk.end('second')
  await desk.end('third')
  expect(await Promise.all([second, third])).toEqual(['second', 'third'])
})

test('so many as a browser asks for at once are', async () => {
  const [desk, turns] = [new Desk(), createConcurrencyLimit()]
  for (let count = 0; count < 50; count += 1) void turns.run(alice, desk.work(`${count}`))
  await new Promise(setImmediate)
  expect(desk.begun).toHaveLength(AT_ONCE)
})

test('what is gathered into one statement anyway need not take turns: messages, receipts, heartbeats', () => {
  const [yes, no] = [
    ['sendMessage', 'markDelivered', 'markRead', 'heartbeat', 'setTyping'],
    ['setReaction', 'editMessage', 'createGroup', 'renewSession', 'toString'],
  ].map((names) => names.map((name) => isBatchable(`Mutation.${name}`)))
  expect(new Set(yes)).toEqual(new Set([true]))
  expect(new Set(no)).toEqual(new Set([false]))
})
