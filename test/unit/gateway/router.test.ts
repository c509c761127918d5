import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  alice,
  bob,
  carol,
  memberAdded,
  memberRemoved,
  range,
  receipt,
  sent,
  seqsOf,
} from '../../harness/fixtures/chat-events.ts'
import { type Gateway, Gateways } from './gateways.ts'

async function undelivered({ metrics }: Gateway): Promise<Record<string, number>> {
  const { values } = await metrics.undelivered.get()
  const counts: Record<string, number> = {}
  for (const { labels, value } of values) counts[String(labels.reason)] = value
  return counts
}

/** All published messages except requests to resync. */
function eventsPublished({ published }: Gateways): readonly string[] {
  return published.map(({ message }) => message).filter((message) => message.includes('"isAlarm":false'))
}

const TEA = { members: { tea: [alice, bob, carol] } }

describe('a chat event', () => {
  test('reaches the members on all gateways, by one message to each other gateway', async () => {
    await using gateways = new Gateways(TEA)
    const [east, west, north] = [
      await gateways.add('east'),
      await gateways.add('west'),
      await gateways.add('north'),
    ]
    const atEast = east.subscribe(alice, 'tea')
    const streams = [west.subscribe(bob, 'tea'), west.subscribe(carol, 'tea'), north.subscribe(carol, 'tea')]
    east.router.publish([sent('tea', 1)])
    expect(atEast.all).toEqual([sent('tea', 1)])
    for (const delivered of streams) expect(await delivered.next()).toEqual(sent('tea', 1))
    expect(gateways.published.map(({ to }) => to).toSorted()).toEqual(['north', 'west'])
  })

  test('is not published to a gateway that serves no member', async () => {
    await using gateways = new Gateways({ members: { tea: [alice, bob] } })
    const [east, west] = [await gateways.add('east'), await gateways.add('west')]
    east.subscribe(bob, 'tea')
    west.subscribe(carol)
    east.router.publish([sent('tea', 1)])
    await east.stop()
    expect(gateways.published).toEqual([])
  })

  test('is published once to each gateway that serves a member and to no other, however users are spread', async () => {
    const spread = fc.array(fc.tuple(fc.nat(3), fc.constantFrom(alice, bob, carol)), { maxLength: 10 })
    await fc.assert(
      fc.asyncProperty(spread, async (streams) => {
        await using gateways = new Gateways({ members: { tea: [alice, bob] } })
        const all = await Promise.all(range(0, 3).map((number) => gateways.add(`gateway ${number}`)))
        for (const [number, userId] of streams) all[number]?.subscribe(userId)
        all[0]?.router.publish([sent('tea', 1)])
        await all[0]?.stop()
        const concerned = streams.filter(([number, userId]) => number > 0 && userId !== carol)
        const names = new Set(concerned.map(([number]) => `gateway ${number}`))
        expect(gateways.published.map(({ to }) => to).toSorted()).toEqual([...names].toSorted())
      }),
      { numRuns: 40 },
    )
  })

  test('reaches a user that it adds, before the stored members list them', async () => {
    await using gateways = new Gateways({ members: { tea: [alice] } })
    const [east, west] = [await gateways.add('east'), await gateways.add('west')]
    const delivered = west.subscribe(bob)
    east.router.publish([memberAdded('tea', 1, bob)])
    expect(await delivered.next()).toEqual(memberAdded('tea', 1, bob))
  })

  test('reaches a user that it removes, after the stored members no longer list them', async () => {
    await using gateways = new Gateways({ members: { tea: [alice] } })
    const [east, west] = [await gateways.add('east'), await gateways.add('west')]
    const delivered = west.subscribe(bob, 'tea')
    east.router.publish([memberRemoved('tea', 1, bob)])
    expect(await delivered.next()).toEqual(memberRemoved('tea', 1, bob))
  })
})

describe('events and receipts of several chats', () => {
  test('reach a gateway in one message, which holds only chats of its users', async () => {
    await using gateways = new Gateways({ members: { tea: [bob], coffee: [bob, carol], water: [alice] } })
    const [east, west, north] = [
      await gateways.add('east'),
      await gateways.add('west'),
      await gateways.add('north'),
    ]
    const [atWest, atNorth] = [west.subscribe(bob, 'tea', 'coffee'), north.subscribe(carol, 'coffee')]
    east.router.publish([sent('tea', 1), sent('coffee', 1), sent('water', 1)])
    await atWest.until((items) => items.length === 2)
    expect(await atNorth.next()).toEqual(sent('coffee', 1))
    expect(gateways.published).toHaveLength(2)
    expect(gateways.published.some(({ message }) => message.includes(sent('water', 1).chatId))).toBe(false)
  })

  test('reach a gateway without the chats of other gateways, even if it serves a removed member', async () => {
    await using gateways = new Gateways({ members: { tea: [alice], coffee: [alice] } })
    const [east, west] = [await gateways.add('east'), await gateways.add('west')]
    const delivered = west.subscribe(bob, 'tea')
    east.router.publish([memberRemoved('tea', 1, bob), sent('coffee', 1)])
    await delivered.next()
    expect(gateways.published.some(({ message }) => message.includes(sent('coffee', 1).chatId))).toBe(false)
  })

  test('reach members on other gateways unchanged', async () => {
    await using gateways = new Gateways(TEA)
    const [east, west] = [await gateways.add('east'), await gateways.add('west')]
    const [atEast, atWest] = [east.subscribe(alice, 'tea'), west.subscribe(bob, 'tea')]
    east.router.publishSignals([receipt('tea', carol, 3, 2)])
    expect(atEast.all).toEqual([receipt('tea', carol, 3, 2)])
    expect(await atWest.next()).toEqual(receipt('tea', carol, 3, 2))
  })
})

describe('faults', () => {
  test('garbage on the bus is dropped and logged, and later messages are delivered', async () => {
    await using gateways = new Gateways(TEA)
    const [east, west] = [await gateways.add('east'), await gateways.add('west')]
    const delivered = west.subscribe(bob, 'tea')
    for (const garbage of ['', 'garbage', '{"v":1}', '\0']) await gateways.bus.publish(west.id, garbage)
    east.router.publish([sent('tea', 1)])
    expect(await delivered.next()).toEqual(sent('tea', 1))
    const warning = { level: 'warn', msg: 'bus message is not a valid envelope; dropped' }
    expect(west.lines).toMatchObject([warning, warning, warning, warning])
  })

  test('local delivery works, and publishing does not throw, while the bus rejects every message', async () => {
    await using gateways = new Gateways({ ...TEA, publish: () => Promise.reject(new Error('no bus')) })
    const [east, west] = [await gateways.add('east'), await gateways.add('west')]
    const [atEast, atWest] = [east.subscribe(alice, 'tea'), west.subscribe(bob, 'tea')]
    east.router.publish([sent('tea', 1)])
    east.router.publishSignals([receipt('tea', bob, 1)])
    await east.stop()
    expect([atEast.all, atWest.all]).toEqual([[sent('tea', 1), receipt('tea', bob, 1)], []])
    const warning = { level: 'warn', msg: 'publish to other gateways failed; they must resync' }
    expect(east.lines).toMatchObject([warning, warning])
  })

  test('a bus that hangs gets a bounded number of events; the rest count as undelivered', async () => {
    const hanging = Promise.withResolvers<void>()
    const bounds = { maxOutstanding: 10, deadlineMs: 20 }
    await using gateways = new Gateways({ ...TEA, publish: () => hanging.promise, bounds })
    const [east, west] = [await gateways.add('east'), await gateways.add('west')]
    const delivered = east.subscribe(alice, 'tea')
    west.subscribe(bob, 'tea')
    for (const seq of range(1, 100)) east.router.publish([sent('tea', seq)])
    await east.stop()
    for (const seq of range(101, 200)) east.router.publish([sent('tea', seq)])
    expect(seqsOf(delivered.all)).toEqual(range(1, 200))
    expect(eventsPublished(gateways)).toHaveLength(10)
    expect(await undelivered(east)).toEqual({ 'too-many': 190, failed: 10 })
  })

  test('a bus gets more events after it has finished late ones', async () => {
    const hanging = Promise.withResolvers<void>()
    await using gateways = new Gateways({
      ...TEA,
      publish: () => hanging.promise,
      bounds: { maxOutstanding: 1 },
    })
    const [east, west] = [await gateways.add('east'), await gateways.add('west')]
    west.subscribe(bob, 'tea')
    east.router.publish([sent('tea', 1)])
    east.router.publish([sent('tea', 2)])
    hanging.resolve()
    await new Promise((resolve) => setImmediate(resolve))
    east.router.publish([sent('tea', 3)])
    await east.stop()
    expect(eventsPublished(gateways)).toHaveLength(2)
  })

  test('local delivery works, and publishing does not throw, while the members cannot be read', async () => {
    await using gateways = new Gateways({ memberIds: () => Promise.reject(new Error('no database')) })
    const [east] = [await gateways.add('east'), await gateways.add('west')]
    const delivered = east.subscribe(alice, 'tea')
    east.router.publish([sent('tea', 1)])
    await east.stop()
    expect(delivered.all).toEqual([sent('tea', 1)])
    expect(east.lines).toMatchObject([{ level: 'warn', err: { message: 'no database' } }])
  })
})

test('a gateway that is alone reads no members', async () => {
  const memberIds = () => Promise.reject(new Error('must not be read'))
  await using gateways = new Gateways({ memberIds })
  const east = await gateways.add('east')
  east.router.publish([sent('tea', 1)])
  await east.stop()
  expect([east.lines, gateways.published]).toEqual([[], []])
})

test('a stopped gateway receives nothing, and has published everything it was given', async () => {
  await using gateways = new Gateways(TEA)
  const [east, west] = [await gateways.add('east'), await gateways.add('west')]
  const [atEast, atWest] = [east.subscribe(alice, 'tea'), west.subscribe(bob, 'tea')]
  east.router.publish([sent('tea', 1)])
  await east.stop()
  expect(gateways.published).toHaveLength(1)
  expect(await atWest.next()).toEqual(sent('tea', 1))
  west.router.publish([sent('tea', 2)])
  west.router.publish([sent('tea', 3)])
  await west.stop()
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  expect(atEast.all).toEqual([sent('tea', 1)])
})

describe('a presence edge', () => {
  const edge = { userId: bob, online: true, lastSeenAt: new Date('2026-11-23T09:00:00.000Z'), asOf: 7 }

  test('reaches the gateway that it is published to, in one message, and no other', async () => {
    await using gateways = new Gateways(TEA)
    const [east, west] = [await gateways.add('east'), await gateways.add('west')]
    const north = await gateways.add('north')
    await east.publishEdges(west.id, [edge, { ...edge, online: false, asOf: 8 }])
    await new Promise(setImmediate)
    expect(west.edges).toEqual([edge, { ...edge, online: false, asOf: 8 }])
    expect(north.edges).toEqual([])
    expect(gateways.published).toHaveLength(1)
  })

  test('makes other gateways resync if the bus does not take it', async () => {
    let isAway = true
    await using gateways = new Gateways({
      publish: async () => {
        if (isAway) throw new Error('away')
      },
    })
    const [east, west] = [await gateways.add('east'), await gateways.add('west')]
    await east.publishEdges(west.id, [edge])
    isAway = false
    const isPublished = (): boolean =>
      gateways.published.some(({ message }) => message.includes('"isAlarm":true'))
    while (!isPublished()) await new Promise(setImmediate)
    expect(gateways.published.at(-1)?.to).toBe(west.id)
  })
})
