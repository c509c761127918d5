import { describe, expect, test } from 'vitest'
import { createMemoryBus } from '../../../src/bus/memory-bus.ts'
import type { GatewayId } from '../../../src/ids.ts'
import { captureLog } from '../../harness/fixtures/captured-log.ts'
import { EventQueue } from '../../harness/fixtures/event-queue.ts'
import { busContract } from './bus-contract.ts'

const east = 'east' as GatewayId

busContract('the bus in memory', () => {
  const bus = createMemoryBus(captureLog())
  return { bus, other: bus, [Symbol.asyncDispose]: () => bus.close() }
})

describe('the bus in memory: more than the contract', () => {
  test('delivers a message in a later turn of the event loop, never inside publish', async () => {
    const bus = createMemoryBus(captureLog())
    const messages = new EventQueue<string>()
    await bus.subscribe(east, { onMessage: (message) => messages.push(message), onGap: () => undefined })
    await bus.publish(east, 'Hello')
    expect(messages.all).toEqual([])
    expect(await messages.next()).toBe('Hello')
  })

  test('logs the error of a listener that throws', async () => {
    const { logger, lines } = captureLog()
    const bus = createMemoryBus({ logger })
    const called = new EventQueue<string>()
    const onMessage = (message: string): never => {
      called.push(message)
      throw new Error('unexpected message')
    }
    await bus.subscribe(east, { onMessage, onGap: () => undefined })
    await bus.publish(east, 'Hello')
    await called.next()
    const failure = { message: 'unexpected message' }
    expect(lines).toMatchObject([{ level: 'error', msg: 'bus listener threw', err: failure }])
  })
})
