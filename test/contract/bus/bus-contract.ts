import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Bus, BusListener } from '../../../src/bus/bus.ts'
import type { GatewayId } from '../../../src/ids.ts'
import { EventQueue } from '../../harness/fixtures/event-queue.ts'
import { range } from '../../harness/fixtures/chat-events.ts'

/**
 * Two gateways' ends of one bus that works. They may be the same object, where gateways share one. Disposing closes
 * what the test did not close.
 */
export type BusEnds = AsyncDisposable & Readonly<{ bus: Bus; other: Bus }>

type CreateBus = () => BusEnds | Promise<BusEnds>
type Subscriber = Readonly<{ id: GatewayId; messages: EventQueue<string> }>

/** How long nothing has to come for it to count as nothing, in milliseconds. */
const SILENCE_MS = 100

/** The laws of the port, for an implementation to be put to. Names of gateways are new for each test. */
export function busContract(name: string, createBus: CreateBus): void {
  describe(`${name}, while nothing is wrong`, () => {
    deliveryLaws(createBus)
  })
  describe(`${name}, when somebody misbehaves or leaves`, () => {
    enduranceLaws(createBus)
  })
}

function deliveryLaws(createBus: CreateBus): void {
  test('a gateway hears what another one publishes to it, as it was', async () => {
    await using ends = await createBus()
    const { id, messages } = await subscribe(ends.bus)
    const sent = ['', '{"a":1}', ' \n\t\0', 'Grüße, 世界 👩‍👩‍👧‍👦', 'x'.repeat(1_000_000)]
    for (const message of sent) await ends.other.publish(id, message)
    expect(await heard(messages, sent.length)).toEqual(sent)
  })

  test('a gateway hears what it publishes to itself', async () => {
    await using ends = await createBus()
    const { id, messages } = await subscribe(ends.bus)
    await ends.bus.publish(id, 'note to self')
    expect(await heard(messages, 1)).toEqual(['note to self'])
  })

  test('once subscribe has resolved, the very next message arrives', async () => {
    await using ends = await createBus()
    for (const round of range(1, 20)) {
      const { id, messages } = await subscribe(ends.bus)
      await ends.other.publish(id, `${round}`)
      expect(await heard(messages, 1)).toEqual([`${round}`])
    }
  })

  test('messages from one gateway to another arrive in the order in which they were published', async () => {
    await using ends = await createBus()
    const { id, messages } = await subscribe(ends.bus)
    const sent = range(1, 500).map(String)
    for (const message of sent) await ends.other.publish(id, message)
    expect(await heard(messages, sent.length)).toEqual(sent)
  })

  test('a gateway hears what several others publish to it at the same time, all of it', async () => {
    await using ends = await createBus()
    const { id, messages } = await subscribe(ends.bus)
    const publish = (bus: Bus, from: string) =>
      range(1, 50).map((number) => bus.publish(id, `${from} ${number}`))
    await Promise.all([...publish(ends.bus, 'bus'), ...publish(ends.other, 'other')])
    expect(new Set(await heard(messages, 100)).size).toBe(100)
  })

  test('a gateway hears nothing of what is published to another', async () => {
    await using ends = await createBus()
    const [addressed, bystander] = [await subscribe(ends.bus), await subscribe(ends.other)]
    await ends.other.publish(addressed.id, 'for you alone')
    await heard(addressed.messages, 1)
    await delay(SILENCE_MS)
    expect(bystander.messages.all).toEqual([])
  })

  test('publishing to a gateway that nobody listens for is no error', async () => {
    await using ends = await createBus()
    await ends.bus.publish(newGatewayId(), 'is anybody there?')
  })
}

function enduranceLaws(createBus: CreateBus): void {
  test('a handler that throws harms no other gateway, and no later message', async () => {
    await using ends = await createBus()
    const heardBefore = new EventQueue<string>()
    const thrower = await subscribe(ends.bus, (message) => {
      heardBefore.push(message)
      throw new Error(`can't bear ${message}`)
    })
    const neighbour = await subscribe(ends.bus)
    for (const message of ['1', '2']) await ends.other.publish(thrower.id, message)
    await ends.other.publish(neighbour.id, '3')
    expect(await heard(heardBefore, 2)).toEqual(['1', '2'])
    expect(await heard(neighbour.messages, 1)).toEqual(['3'])
  })

  test('who has unsubscribed hears nothing more, while others do', async () => {
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
    expect(await heard(other.messages, 1)).toEqual(['in time'])
    await delay(SILENCE_MS)
    expect(messages.all).toEqual([])
  })

  test('a gateway that comes back under its name hears what is published from then on', async () => {
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
    expect(await heard(messages, 1)).toEqual(['welcome back'])
  })

  test('a bus that was closed takes no message and no subscription, and says so', async () => {
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

  test('a bus may be closed again, and at any moment: each publish ends one way or the other', async () => {
    await using ends = await createBus()
    const { id, messages } = await subscribe(ends.bus)
    const publishing = range(1, 20).map((number) => ends.bus.publish(id, `${number}`))
    await Promise.all([ends.bus.close(), ends.bus.close(), Promise.allSettled(publishing)])
    await ends.bus.close()
    const heardUntilClosed = messages.all.length
    await delay(SILENCE_MS)
    expect(messages.all).toHaveLength(heardUntilClosed)
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

/** The first `count` different messages, in the order in which each came first: a bus may repeat itself. */
async function heard(messages: EventQueue<string>, count: number): Promise<string[]> {
  const all = await messages.until((some) => new Set(some).size >= count)
  return [...new Set(all)]
}

function newGatewayId(): GatewayId {
  return `gateway ${randomUUID()}` as GatewayId
}
