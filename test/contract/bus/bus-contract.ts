import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Bus, BusListener } from '../../../src/bus/bus.ts'
import type { GatewayId } from '../../../src/ids.ts'
import { EventQueue } from '../../harness/fixtures/event-queue.ts'
import { range } from '../../harness/fixtures/chat-events.ts'

/**
 * The bus of two gateways, without a fault. Both may be the same object. Disposing closes what the test did not
 * close.
 */
export type BusEnds = AsyncDisposable & Readonly<{ bus: Bus; other: Bus }>

type CreateBus = () => BusEnds | Promise<BusEnds>
type Subscriber = Readonly<{ id: GatewayId; messages: EventQueue<string> }>

/** A message that has not arrived after this time does not arrive. */
const SILENCE_MS = 100

/** The laws of the port, as tests of one implementation. Every test uses new gateway ids. */
export function busContract(name: string, createBus: CreateBus): void {
  describe(`${name}, without faults`, () => {
    deliveryLaws(createBus)
  })
  describe(`${name}, with failing listeners and closing`, () => {
    faultLaws(createBus)
  })
}

function deliveryLaws(createBus: CreateBus): void {
  test('delivers what another gateway publishes, unchanged', async () => {
    await using ends = await createBus()
    const { id, messages } = await subscribe(ends.bus)
    const sent = ['', '{"a":1}', ' \n\t\0', 'Grüße, 世界 👩‍👩‍👧‍👦', 'x'.repeat(1_000_000)]
    for (const message of sent) await ends.other.publish(id, message)
    expect(await firstDistinct(messages, sent.length)).toEqual(sent)
  })

  test('delivers what a gateway publishes to itself', async () => {
    await using ends = await createBus()
    const { id, messages } = await subscribe(ends.bus)
    await ends.bus.publish(id, 'note to self')
    expect(await firstDistinct(messages, 1)).toEqual(['note to self'])
  })

  test('delivers the first message after subscribe has resolved', async () => {
    await using ends = await createBus()
    for (const round of range(1, 20)) {
      const { id, messages } = await subscribe(ends.bus)
      await ends.other.publish(id, `${round}`)
      expect(await firstDistinct(messages, 1)).toEqual([`${round}`])
    }
  })

  test('delivers messages of one gateway in the order in which they were published', async () => {
    await using ends = await createBus()
    const { id, messages } = await subscribe(ends.bus)
    const sent = range(1, 500).map(String)
    for (const message of sent) await ends.other.publish(id, message)
    expect(await firstDistinct(messages, sent.length)).toEqual(sent)
  })

  test('delivers everything that several gateways publish at the same time', async () => {
    await using ends = await createBus()
    const { id, messages } = await subscribe(ends.bus)
    const publish = (bus: Bus, from: string) =>
      range(1, 50).map((number) => bus.publish(id, `${from} ${number}`))
    await Promise.all([...publish(ends.bus, 'bus'), ...publish(ends.other, 'other')])
    expect(new Set(await firstDistinct(messages, 100)).size).toBe(100)
  })

  test('does not deliver messages for another gateway', async () => {
    await using ends = await createBus()
    const [addressed, bystander] = [await subscribe(ends.bus), await subscribe(ends.other)]
    await ends.other.publish(addressed.id, 'for you alone')
    await firstDistinct(addressed.messages, 1)
    await delay(SILENCE_MS)
    expect(bystander.messages.all).toEqual([])
  })

  test('accepts messages for a gateway that does not exist', async () => {
    await using ends = await createBus()
    await ends.bus.publish(newGatewayId(), 'hello?')
  })
}

function faultLaws(createBus: CreateBus): void {
  test('delivers later messages, and those of other gateways, if a listener throws', async () => {
    await using ends = await createBus()
    const received = new EventQueue<string>()
    const thrower = await subscribe(ends.bus, (message) => {
      received.push(message)
      throw new Error(`unexpected ${message}`)
    })
    const neighbour = await subscribe(ends.bus)
    for (const message of ['1', '2']) await ends.other.publish(thrower.id, message)
    await ends.other.publish(neighbour.id, '3')
    expect(await firstDistinct(received, 2)).toEqual(['1', '2'])
    expect(await firstDistinct(neighbour.messages, 1)).toEqual(['3'])
  })

  test('delivers nothing after unsubscribing, while other subscriptions continue', async () => {
    await using ends = await createBus()
    const messages = new EventQueue<string>()
    const id = newGatewayId()
    const unsubscribe = await ends.bus.subscribe(
      id,
      listenerOf((message) => messages.push(message)),
    )
    const other = await subscribe(ends.bus)
    await unsubscribe()
    await ends.other.publish(id, 'too late')
    await ends.other.publish(other.id, 'in time')
    expect(await firstDistinct(other.messages, 1)).toEqual(['in time'])
    await delay(SILENCE_MS)
    expect(messages.all).toEqual([])
  })

  test('delivers messages to a gateway that subscribes again under its id', async () => {
    await using ends = await createBus()
    const id = newGatewayId()
    const unsubscribe = await ends.bus.subscribe(
      id,
      listenerOf(() => undefined),
    )
    await unsubscribe()
    const messages = new EventQueue<string>()
    await ends.bus.subscribe(
      id,
      listenerOf((message) => messages.push(message)),
    )
    await ends.other.publish(id, 'welcome back')
    expect(await firstDistinct(messages, 1)).toEqual(['welcome back'])
  })

  test('rejects publish and subscribe after close', async () => {
    await using ends = await createBus()
    await ends.bus.close()
    await expect(ends.bus.publish(newGatewayId(), 'lost')).rejects.toThrow()
    await expect(
      ends.bus.subscribe(
        newGatewayId(),
        listenerOf(() => undefined),
      ),
    ).rejects.toThrow()
  })

  test('settles every publish if it is closed, twice, at the same time', async () => {
    await using ends = await createBus()
    const { id, messages } = await subscribe(ends.bus)
    const publishing = range(1, 20).map((number) => ends.bus.publish(id, `${number}`))
    await Promise.all([ends.bus.close(), ends.bus.close(), Promise.allSettled(publishing)])
    await ends.bus.close()
    const receivedUntilClosed = messages.all.length
    await delay(SILENCE_MS)
    expect(messages.all).toHaveLength(receivedUntilClosed)
  })
}

async function subscribe(bus: Bus, onMessage?: (message: string) => void): Promise<Subscriber> {
  const messages = new EventQueue<string>()
  const id = newGatewayId()
  await bus.subscribe(id, listenerOf(onMessage ?? ((message) => messages.push(message))))
  return { id, messages }
}

function listenerOf(onMessage: (message: string) => void): BusListener {
  return { onMessage, onGap: () => undefined }
}

/** The first `count` different messages, by first arrival: a bus may repeat messages. */
async function firstDistinct(messages: EventQueue<string>, count: number): Promise<string[]> {
  const all = await messages.until((some) => new Set(some).size >= count)
  return [...new Set(all)]
}

function newGatewayId(): GatewayId {
  return `gateway ${randomUUID()}` as GatewayId
}
