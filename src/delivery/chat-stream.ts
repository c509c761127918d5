import type { ChatView } from '../events/chat.ts'
import type { ChatLog } from '../chats/chat-log.ts'
import type { Chats } from '../chats/chats.ts'
import { lastVisibleSeq } from '../events/chat.ts'
import { eventCount, type MembershipPeriod, periodsAfter } from '../events/membership-period.ts'
import { badInput, unavailable } from '../errors.ts'
import type { Hub } from '../gateway/hub.ts'
import type { LiveItem, LiveSubscriber } from '../events/signal.ts'
import type { ChatId, Seq, UserId } from '../ids.ts'
import { backoffMs } from '../lib/backoff.ts'
import type { Clock } from '../lib/clock.ts'
import type { Feed } from '../lib/push-stream.ts'
import { pause } from '../lib/async.ts'
import type { ViewerMarks } from '../store/replicas/viewer-marks.ts'
import { MAX_REPLAY } from './replay.ts'
import type { InboxItem } from './inbox-item.ts'
import { type LiveStream, openLiveStream } from './live-stream.ts'
import { createMerge, type Merge } from './merge.ts'

export type ChatStreams = Readonly<{
  /**
   * One chat from just after a position, or from its head: replay, CaughtUp, live, as an inbox has them. Rejects with
   * NOT_FOUND where the chat is none of the viewer's. Ends once the viewer is no member any more.
   */
  open(subscriber: ChatSubscriber): Promise<LiveStream>
}>

export type ChatSubscriber = Readonly<{
  viewerId: UserId
  chatId: ChatId
  afterSeq: Seq | undefined
  onOverflow(): void
}>

type Dependencies = Readonly<{
  hub: Hub
  chats: Chats
  chatLog: ChatLog
  clock: Clock
  /** Who has seen what, where a query might read what is older. */
  marks?: Pick<ViewerMarks, 'recordDelivery' | 'recordWrite'> | undefined
}>

/** A chat as it was read, and the part in it that a listener has from there on. */
type Begun = Readonly<{ view: ChatView; watching: Readonly<{ lastSeq: Seq; dispose(): void }> }>

/** How often a chat is read where its members change each time before its stream has begun. */
const MAX_READS = 10
const BACKOFF = { firstMs: 20, maxMs: 500 }

/** What the replay reads: `stays` after `afterSeq`, up to `untilSeq`; and how the live part is joined to it. */
type Plan = Readonly<{ afterSeq: Seq; untilSeq: Seq; stays: readonly MembershipPeriod[]; merge: Merge }>

export function createChatStreams({ hub, chats, chatLog, clock, marks }: Dependencies): ChatStreams {
  async function open({ viewerId, chatId, afterSeq, onOverflow }: ChatSubscriber): Promise<LiveStream> {
    if (afterSeq !== undefined && afterSeq < 0)
      throw badInput('afterSeq is a position in the log: 0 or greater')

    async function* phases(feed: Feed<LiveItem>): AsyncGenerator<InboxItem, void, void> {
      for await (const item of replay(chatId, plan)) {
        // What is queried in its place has to reach as far as the log does that is not replayed.
        if (item.type === 'InboxReset') await marks?.recordWrite(viewerId)
        yield item
      }
      await marks?.recordWrite(viewerId)
      yield { type: 'CaughtUp', at: new Date(clock.now()) }
      if (view.member.leftSeq !== null) return
      for await (const item of feed.pushed()) {
        if (!plan.merge(item)) continue
        marks?.recordDelivery(viewerId)
        yield item
        if (item.type === 'MemberRemoved' && item.userId === viewerId) return
      }
    }

    const stream: LiveStream = openLiveStream({ phases, onClose: () => watching.dispose(), onOverflow })
    const listener = {
      userId: viewerId,
      push: (item: LiveItem) => stream.push(item),
      restart: () => stream.overflow(),
    }
    const { view, watching } = await begin(chatId, listener)
    const plan = planFor(view, afterSeq, watching.lastSeq)
    return stream
  }

  /** Whether the viewer is a member is read, and may have changed by what the hub has passed on: then it is read again. */
  async function begin(chatId: ChatId, listener: LiveSubscriber): Promise<Begun> {
    for (let attempt = 0; attempt < MAX_READS; attempt += 1) {
      const view = await chats.require(listener.userId, chatId)
      const watching = hub.subscribeToChat(listener, { chatId, headSeq: view.chat.headSeq })
      if (watching !== 'stale') return { view, watching }
      await pause(backoffMs(attempt, BACKOFF))
    }
    throw unavailable('The members of this chat keep changing. Subscribe again.')
  }

  async function* replay(chatId: ChatId, plan: Plan): AsyncGenerator<InboxItem, void, void> {
    const { afterSeq, untilSeq, stays } = plan
    if (afterSeq > untilSeq) return yield reset(`The log ends at ${untilSeq}, before afterSeq ${afterSeq}`)
    if (eventCount(stays) > MAX_REPLAY)
      return yield reset(`More than ${MAX_REPLAY} events follow ${afterSeq}`)
    for (const stay of stays) {
      const isWhole = yield* replayStay(chatId, stay)
      if (!isWhole) return yield reset(`The log no longer reaches back to ${afterSeq}`)
    }
  }

  /** Answers false where the log has a part of the stay no more. */
  async function* replayStay(
    chatId: ChatId,
    { first, last }: MembershipPeriod,
  ): AsyncGenerator<InboxItem, boolean, void> {
    let expectedSeq = first
    for await (const page of chatLog.pages({ chatId, afterSeq: first - 1, untilSeq: last })) {
      if (page[0]?.seq !== expectedSeq) return false
      yield* page
      expectedSeq += page.length
    }
    return expectedSeq === last + 1
  }

  return { open }
}

function planFor(view: ChatView, requestedSeq: Seq | undefined, passedOnSeq: Seq): Plan {
  const lastSeq = lastVisibleSeq(view)
  const untilSeq = view.member.leftSeq ?? Math.max(lastSeq, passedOnSeq)
  const afterSeq = requestedSeq ?? lastSeq
  const { earlierStays, joinedSeq } = view.member
  const stays = periodsAfter([...earlierStays, { first: joinedSeq, last: untilSeq }], afterSeq)
  return { afterSeq, untilSeq, stays, merge: createMerge(new Map([[view.chat.id, untilSeq]])) }
}

function reset(reason: string): InboxItem {
  return { type: 'InboxReset', reason }
}
