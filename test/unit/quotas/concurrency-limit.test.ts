import { expect, test } from 'vitest'
import { isBatchable } from '../../../src/overload/operation-rules.ts'
import { MAX_CONCURRENT, createConcurrencyLimit } from '../../../src/quotas/concurrency-limit.ts'
import { alice, bob } from '../../harness/fixtures/chat-events.ts'

/** Work that ends when the test says so. Records what has started. */
class Work {
  readonly started: string[] = []
  readonly #ends = new Map<string, PromiseWithResolvers<string>>()

  run(name: string): () => Promise<string> {
    const end = Promise.withResolvers<string>()
    this.#ends.set(name, end)
    return () => {
      this.started.push(name)
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

test('two operations of each user run at once, the others in order of arrival, even after a failure', async () => {
  const [work, limit] = [new Work(), createConcurrencyLimit(2)]
  const answers = ['a1', 'a2', 'a3', 'a4'].map((name) => limit.run(alice, work.run(name)))
  const ofBob = limit.run(bob, work.run('b1'))
  await new Promise(setImmediate)
  expect(work.started).toEqual(['a1', 'a2', 'b1'])
  const failed = expect(answers[1]).rejects.toThrow('failed')
  await work.end('a2', new Error('failed'))
  await failed
  expect(work.started).toEqual(['a1', 'a2', 'b1', 'a3'])
  for (const name of ['b1', 'a1', 'a3', 'a4']) await work.end(name)
  expect(await Promise.all([ofBob, answers[0], answers[2], answers[3]])).toEqual(['b1', 'a1', 'a3', 'a4'])
})

test('an operation that arrives while the last one ends shares its limit', async () => {
  const [work, limit] = [new Work(), createConcurrencyLimit(1)]
  const first = limit.run(alice, work.run('first'))
  const second = first.then(() => limit.run(alice, work.run('second')))
  await work.end('first')
  const third = limit.run(alice, work.run('third'))
  await new Promise(setImmediate)
  expect(work.started).toEqual(['first', 'second'])
  await work.end('second')
  await work.end('third')
  expect(await Promise.all([second, third])).toEqual(['second', 'third'])
})

test('by default as many operations run at once as a browser sends', async () => {
  const [work, limit] = [new Work(), createConcurrencyLimit()]
  for (let count = 0; count < 50; count += 1) void limit.run(alice, work.run(`${count}`))
  await new Promise(setImmediate)
  expect(work.started).toHaveLength(MAX_CONCURRENT)
})

test('operations that are batched anyway are not limited: messages, receipts, heartbeats', () => {
  const [yes, no] = [
    ['sendMessage', 'markDelivered', 'markRead', 'heartbeat', 'setTyping'],
    ['setReaction', 'editMessage', 'createGroup', 'renewSession', 'toString'],
  ].map((names) => names.map((name) => isBatchable(`Mutation.${name}`)))
  expect(new Set(yes)).toEqual(new Set([true]))
  expect(new Set(no)).toEqual(new Set([false]))
})
