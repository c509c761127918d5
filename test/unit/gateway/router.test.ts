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
} from '../../harness/people/events.ts'
import { type Gateway, Gateways } from './gateways.ts'

async function untold({ metrics }: Gateway): Promise<Record<string, number>> {
  const { values } = await metrics.undelivered.get()
  const counts: Record<string, number> = {}
  for (const { labels, value } of values) counts[String(labels.reason)] = value
  return counts
}

/** Alarms go out besides. */
function eventsPublished({ published }: Gateways): readonly string[] {
  return published.map(({ message }) => message).filter((message) => message.includes('"isAlarm":false'))
}

const TEA = { members: { tea: [alice, bob, carol] } }

describe('an event of a chat', () => {
  test('reaches its members on whatever gateway they are, through one message to each other gateway', async () => {
    await using gateways = new Gateways(TEA)
    const [east, west, north] = [
      await gateways.add('east'),
      await gateways.add('west'),
      await gateways.add('north'),
    ]
    const atEast = east.serve(alice, 'tea')
    const ears = [west.serve(bob, 'tea'), west.serve(carol, 'tea'), north.serve(carol, 'tea')]
    east.router.publish([sent('tea', 1)])
    expect(atEast.all).toEqual([sent('tea', 1)])
    for (const heard of ears) expect(await heard.next()).toEqual(sent('tea', 1))
    expect(gateways.published.map(({ to }) => to).toSorted()).toEqual(['north', 'west'])
  })

  test('is told to no gateway on which no member is', async () => {
    await using gateways = new Gateways({ members: { tea: [alice, bob] } })
    const [east, west] = [await gateways.add('east'), await gateways.add('west')]
    east.serve(bob, 'tea')
    west.serve(carol)
    east.router.publish([sent('tea', 1)])
    await east.router.stop()
    expect(gateways.published).toEqual([])
  })

  test('goes to each gateway on which a member is, once, and to no other, however people are spread', async () => {
    const spread = fc.array(fc.tuple(fc.nat(3), fc.constantFrom(alice, bob, carol)), { maxLength: 10 })
    await fc.assert(
      fc.asyncProperty(spread, async (streams) => {
        await using gateways = new Gateways({ members: { tea: [alice, bob] } })
        const all = await Promise.all(range(0, 3).map((number) => gateways.add(`gateway ${number}`)))
        for (const [number, userId] of streams) all[number]?.serve(userId)
        all[0]?.router.publish([sent('tea', 1)])
        await all[0]?.router.stop()
        const concerned = streams.filter(([number, userId]) => number > 0 && userId !== carol)
        const names = new Set(concerned.map(([number]) => `gateway ${number}`))
        expect(gateways.published.map(({ to }) => to).toSorted()).toEqual([...names].toSorted())
      }),
      { numRuns: 40 },
    )
  })

  test('reaches whoever it lets in, though the list of members does not name them yet', async () => {
    await using gateways = new Gateways({ members: { tea: [alice] } })
    const [east, west] = [await gateways.add('east'), await gateways.add('west')]
    const heard = west.serve(bob)
    east.router.publish([memberAdded('tea', 1, bob)])
    expect(await heard.next()).toEqual(memberAdded('tea', 1, bob))
  })

  test('reaches whom it removes, though the list of members does not name them any more', async () => {
    await using gateways = new Gateways({ members: { tea: [alice] } })
    const [east, west] = [await gateways.add('east'), await gateways.add('west')]
    const heard = west.serve(bob, 'tea')
    east.router.publish([memberRemoved('tea', 1, bob)])
    expect(await heard.next()).toEqual(memberRemoved('tea', 1, bob))
  })
})

describe('events and receipts of several chats', () => {
  test('go to a gateway in one message, each chat only where its members are', async () => {
    await using gateways = new Gateways({ members: { tea: [bob], coffee: [bob, carol], water: [alice] } })
    const [east, west, north] = [
      await gateways.add('east'),
      await gateways.add('west'),
      await gateways.add('north'),
    ]
    const [atWest, atNorth] = [west.serve(bob, 'tea', 'coffee'), north.serve(carol, 'coffee')]
    east.router.publish([sent('tea', 1), sent('coffee', 1), sent('water', 1)])
    await atWest.until((items) => items.length === 2)
    expect(await atNorth.next()).toEqual(sent('coffee', 1))
    expect(gateways.published).toHaveLength(2)
    expect(gateways.published.some(({ message }) => message.includes(sent('water', 1).chatId))).toBe(false)
  })

  test('leave out a gateway that only another chat concerns, also where that chat lost a member there', async () => {
    await using gateways = new Gateways({ members: { tea: [alice], coffee: [alice] } })
    const [east, west] = [await gateways.add('east'), await gateways.add('west')]
    const heard = west.serve(bob, 'tea')
    east.router.publish([memberRemoved('tea', 1, bob), sent('coffee', 1)])
    await heard.next()
    expect(gateways.published.some(({ message }) => message.includes(sent('coffee', 1).chatId))).toBe(false)
  })

  test('reach members of other gateways as they were announced', async () => {
    await using gateways = new Gateways(TEA)
    const [east, west] = [await gateways.add('east'), await gateways.add('west')]
    const [atEast, atWest] = [east.serve(alice, 'tea'), west.serve(bob, 'tea')]
    east.router.publishSignals([receipt('tea', carol, 3, 2)])
    expect(atEast.all).toEqual([receipt('tea', carol, 3, 2)])
    expect(await atWest.next()).toEqual(receipt('tea', carol, 3, 2))
  })
})

describe('when something is wrong', () => {
  test('garbage on the bus is dropped and logged, and what follows is heard', async () => {
    await using gateways = new Gateways(TEA)
    const [east, west] = [await gateways.add('east'), await gateways.add('west')]
    const heard = west.serve(bob, 'tea')
    for (const garbage of ['', 'garbage', '{"v":1}', '\0']) await gateways.bus.publish(west.id, garbage)
    east.router.publish([sent('tea', 1)])
    expect(await heard.next()).toEqual(sent('tea', 1))
    const warning = { level: 'warn', msg: 'a message on the bus was not understood, and dropped' }
    expect(west.lines).toMatchObject([warning, warning, warning, warning])
  })

  test('a bus that takes nothing does not bother whoever publishes, nor people here', async () => {
    await using gateways = new Gateways({ ...TEA, publish: () => Promise.reject(new Error('no bus')) })
    const [east, west] = [await gateways.add('east'), await gateways.add('west')]
    const [atEast, atWest] = [east.serve(alice, 'tea'), west.serve(bob, 'tea')]
    east.router.publish([sent('tea', 1)])
    east.router.publishSignals([receipt('tea', bob, 1)])
    await east.router.stop()
    expect([atEast.all, atWest.all]).toEqual([[sent('tea', 1), receipt('tea', bob, 1)], []])
    const warning = { level: 'warn', msg: 'other gateways could not be told of an event' }
    expect(east.lines).toMatchObject([warning, warning])
  })

  test('a bus that hangs is given so many events and no more, and all the others are to be found by the alarm', async () => {
    const hanging = Promise.withResolvers<void>()
    const bounds = { maxUnderWay: 10, tellMs: 20 }
    await using gateways = new Gateways({ ...TEA, publish: () => hanging.promise, bounds })
    const [east, west] = [await gateways.add('east'), await gateways.add('west')]
    const heard = east.serve(alice, 'tea')
    west.serve(bob, 'tea')
    for (const seq of range(1, 100)) east.router.publish([sent('tea', seq)])
    await east.router.stop()
    for (const seq of range(101, 200)) east.router.publish([sent('tea', seq)])
    expect(seqsOf(heard.all)).toEqual(range(1, 200))
    expect(eventsPublished(gateways)).toHaveLength(10)
    expect(await untold(east)).toEqual({ 'too-many': 190, failed: 10 })
  })

  test('a bus that has done with what it was given, be it late, is given more', async () => {
    const hanging = Promise.withResolvers<void>()
    await using gateways = new Gateways({
      ...TEA,
      publish: () => hanging.promise,
      bounds: { maxUnderWay: 1 },
    })
    const [east, west] = [await gateways.add('east'), await gateways.add('west')]
    west.serve(bob, 'tea')
    east.router.publish([sent('tea', 1)])
    east.router.publish([sent('tea', 2)])
    hanging.resolve()
    await new Promise((resolve) => setImmediate(resolve))
    east.router.publish([sent('tea', 3)])
    await east.router.stop()
    expect(eventsPublished(gateways)).toHaveLength(2)
  })

  test('members that can not be looked up do not bother whoever publishes, nor people here', async () => {
    await using gateways = new Gateways({ memberIds: () => Promise.reject(new Error('no database')) })
    const [east] = [await gateways.add('east'), await gateways.add('west')]
    const heard = east.serve(alice, 'tea')
    east.router.publish([sent('tea', 1)])
    await east.router.stop()
    expect(heard.all).toEqual([sent('tea', 1)])
    expect(east.lines).toMatchObject([{ level: 'warn', err: { message: 'no database' } }])
  })
})

test('a gateway that is alone looks nobody up', async () => {
  const memberIds = () => Promise.reject(new Error('nobody should ask'))
  await using gateways = new Gateways({ memberIds })
  const east = await gateways.add('east')
  east.router.publish([sent('tea', 1)])
  await east.router.stop()
  expect([east.lines, gateways.published]).toEqual([[], []])
})

test('a gateway that has stopped hears no others, and has told them all that it was given', async () => {
  await using gateways = new Gateways(TEA)
  const [east, west] = [await gateways.add('east'), await gateways.add('west')]
  const [atEast, atWest] = [east.serve(alice, 'tea'), west.serve(bob, 'tea')]
  east.router.publish([sent('tea', 1)])
  await east.router.stop()
  expect(gateways.published).toHaveLength(1)
  expect(await atWest.next()).toEqual(sent('tea', 1))
  west.router.publish([sent('tea', 2)])
  west.router.publish([sent('tea', 3)])
  await west.router.stop()
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  expect(atEast.all).toEqual([sent('tea', 1)])
})

describe('that somebody came online', () => {
  const edge = { userId: bob, online: true, lastSeenAt: new Date('2026-11-23T09:00:00.000Z'), asOf: 7 }

  test('is heard by the gateway that it is told to, in one message, and by no other', async () => {
    await using gateways = new Gateways(TEA)
    const [east, west] = [await gateways.add('east'), await gateways.add('west')]
    const north = await gateways.add('north')
    await east.router.tellEdges(west.id, [edge, { ...edge, online: false, asOf: 8 }])
    await new Promise(setImmediate)
    expect(west.edges).toEqual([edge, { ...edge, online: false, asOf: 8 }])
    expect(north.edges).toEqual([])
    expect(gateways.published).toHaveLength(1)
  })

  test('is for others to find, by the alarm, where the bus does not take it', async () => {
    let isAway = true
    await using gateways = new Gateways({
      publish: async () => {
        if (isAway) throw new Error('away')
      },
    })
    const [east, west] = [await gateways.add('east'), await gateways.add('west')]
    await east.router.tellEdges(west.id, [edge])
    isAway = false
    const isTold = (): boolean => gateways.published.some(({ message }) => message.includes('"isAlarm":true'))
    while (!isTold()) await new Promise(setImmediate)
    expect(gateways.published.at(-1)?.to).toBe(west.id)
  })
})
