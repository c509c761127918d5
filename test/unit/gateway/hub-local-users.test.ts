import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  alice,
  bob,
  carol,
  chatId,
  memberAdded,
  memberRemoved,
  range,
  receipt,
  sent,
  seqsOf,
} from '../../harness/fixtures/chat-events.ts'
import { EventQueue } from '../../harness/fixtures/event-queue.ts'
import type { LiveItem } from '../../../src/events/signal.ts'
import { createHubWorld, type HubWorld, read } from './hub-world.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Whether the hub cares about the chat: whether it reads a hole in it. */
async function isCaredAbout({ hub, reads }: HubWorld, chat: string): Promise<boolean> {
  const before = reads.all.length
  hub.deliver([sent(chat, 1_000_000)])
  await vi.advanceTimersByTimeAsync(5_000)
  return reads.all.length > before
}

function watch({ hub }: HubWorld, chat: string, headSeq: number) {
  const heard = new EventQueue<LiveItem>()
  const listener = { userId: alice, push: (item: LiveItem) => heard.push(item), restart: () => undefined }
  const watching = hub.subscribeToChat(listener, { chatId: chatId(chat), headSeq })
  if (watching === 'stale') throw new Error('Nobody has joined or left')
  return { heard, ...watching }
}

describe('somebody with live streams here', () => {
  test('hears of each chat from where it is served on, with each of their streams', () => {
    const { hub, serve, listen } = createHubWorld()
    const [phone, laptop] = [serve(bob, ['tea'], 4), listen(bob)]
    hub.deliver([sent('tea', 4), sent('tea', 5), sent('coffee', 1)])
    expect([seqsOf(phone.heard.all), seqsOf(laptop.heard.all)]).toEqual([[5], [5]])
  })

  test('is told the last event that was passed on, whether the database knows more or less', () => {
    const { hub, serve } = createHubWorld()
    serve(alice, ['tea'], 4)
    serve(bob, [], 0)
    expect(hub.addMembership(bob, read('coffee', 7))).toBe(7)
    expect(hub.addMembership(bob, read('tea', 9))).toBe(4)
    hub.deliver([sent('tea', 5)])
    expect(hub.addMembership(bob, read('tea', 3))).toBe(5)
  })

  test('is known to the session registry from their first stream to the end of their last', () => {
    const { attached, listen } = createHubWorld()
    const [phone, laptop] = [listen(bob), listen(bob)]
    phone.dispose()
    phone.dispose()
    expect(attached).toEqual(new Set([bob]))
    laptop.dispose()
    expect(attached).toEqual(new Set())
  })
})

describe('who comes into chats and leaves them', () => {
  test('is told of whether or not anybody here is served the chat, and of what was read because it was missed', async () => {
    const { hub, serve, log, changed } = createHubWorld([
      memberAdded('coffee', 1, bob),
      memberRemoved('coffee', 2, bob),
      sent('coffee', 3),
    ])
    hub.deliver([memberAdded('tea', 7, carol), sent('tea', 8), memberRemoved('tea', 9, carol)])
    expect(changed).toEqual([carol, carol])
    serve(alice, ['coffee'], 0)
    hub.deliver(log.slice(2))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(changed).toEqual([carol, carol, bob, bob])
  })

  test('is heard of here for whom it is followed, though no stream of theirs is told', () => {
    const { hub, attached } = createHubWorld()
    const [one, other] = [hub.trackUser(bob), hub.trackUser(bob)]
    expect([...hub.userIds()]).toEqual([bob])
    one.dispose()
    expect(attached).toEqual(new Set([bob]))
    other.dispose()
    expect(attached).toEqual(new Set())
  })
})

describe('somebody without a stream', () => {
  test('hears nothing more, while their other stream does', () => {
    const { hub, serve, listen } = createHubWorld()
    const [phone, laptop] = [serve(bob, ['tea'], 0), listen(bob)]
    hub.deliver([sent('tea', 1)])
    phone.dispose()
    hub.deliver([sent('tea', 2)])
    expect([seqsOf(phone.heard.all), seqsOf(laptop.heard.all)]).toEqual([[1], [1, 2]])
  })

  test('is forgotten, and nobody cares about their chats any more', async () => {
    const world = createHubWorld()
    const { dispose } = world.serve(bob, ['tea', 'coffee'], 0)
    expect(await isCaredAbout(world, 'tea')).toBe(true)
    dispose()
    expect([await isCaredAbout(world, 'tea'), await isCaredAbout(world, 'coffee')]).toEqual([false, false])
  })

  test('takes nothing away from others in their chats', () => {
    const { hub, serve } = createHubWorld()
    const [atAlice, atBob] = [serve(alice, ['tea'], 0), serve(bob, ['tea'], 0)]
    atBob.dispose()
    hub.deliver([sent('tea', 1)])
    expect(seqsOf(atAlice.heard.all)).toEqual([1])
  })

  test('is served nothing, and let in nowhere', async () => {
    const world = createHubWorld()
    const { dispose } = world.serve(bob, [], 0)
    dispose()
    expect(world.hub.addMembership(bob, read('tea', 5))).toBe(5)
    world.hub.deliver([memberAdded('coffee', 1, bob)])
    expect([await isCaredAbout(world, 'tea'), await isCaredAbout(world, 'coffee')]).toEqual([false, false])
  })

  test('starts anew when they come back, and an old stream that ends again does not end the new one', () => {
    const { hub, attached, serve } = createHubWorld()
    const before = serve(bob, ['tea'], 0)
    before.dispose()
    const after = serve(bob, ['tea'], 8)
    before.dispose()
    hub.deliver([sent('tea', 9)])
    expect([seqsOf(before.heard.all), seqsOf(after.heard.all)]).toEqual([[], [9]])
    expect(attached).toEqual(new Set([bob]))
  })
})

describe('a stream of one chat', () => {
  test('hears of that chat alone, receipts included, from the last event that was passed on', () => {
    const world = createHubWorld()
    world.serve(bob, ['tea', 'coffee'], 4)
    world.hub.deliver([sent('tea', 5)])
    const { heard, lastSeq } = watch(world, 'tea', 4)
    expect(lastSeq).toBe(5)
    world.hub.deliver([sent('tea', 6), sent('coffee', 5)])
    world.hub.deliverSignals([receipt('tea', bob, 6), receipt('coffee', bob, 5)])
    expect(heard.all).toEqual([sent('tea', 6), receipt('tea', bob, 6)])
  })

  test('hears of everything once, though its person is served the chat besides', () => {
    const world = createHubWorld()
    const inbox = world.serve(alice, ['tea'], 0)
    const { heard } = watch(world, 'tea', 0)
    world.hub.deliver([sent('tea', 1)])
    expect([seqsOf(heard.all), seqsOf(inbox.heard.all)]).toEqual([[1], [1]])
  })

  test('has what it missed read from the log', async () => {
    const world = createHubWorld(range(1, 9).map((seq) => sent('tea', seq)))
    const { heard } = watch(world, 'tea', 4)
    world.hub.deliver([sent('tea', 7)])
    await vi.advanceTimersByTimeAsync(100)
    expect(seqsOf(heard.all)).toEqual([5, 6, 7])
  })

  test('hears nothing after it has ended, and leaves nothing behind', async () => {
    const world = createHubWorld()
    const { heard, dispose } = watch(world, 'tea', 0)
    expect(world.attached).toEqual(new Set([alice]))
    dispose()
    dispose()
    expect(await isCaredAbout(world, 'tea')).toBe(false)
    world.hub.deliver([sent('tea', 1)])
    expect([heard.all, world.attached]).toEqual([[], new Set()])
  })

  test("that ends does not end the person's other streams", () => {
    const world = createHubWorld()
    const inbox = world.serve(alice, ['tea'], 0)
    watch(world, 'tea', 0).dispose()
    world.hub.deliver([sent('tea', 1)])
    expect(seqsOf(inbox.heard.all)).toEqual([1])
    expect(world.attached).toEqual(new Set([alice]))
  })
})
