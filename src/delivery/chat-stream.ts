import type { ChatView } from '../chats/chat.ts'
import type { ChatLog } from '../chats/chat-log.ts'
import type { Chats } from '../chats/chats.ts'
import { lastVisibleSeq } from '../chats/chat.ts'
import { lengthOf, type Stay, staysAfter } from '../chats/stays.ts'
import { badInput } from '../errors.ts'
import type { Hub } from '../gateway/hub.ts'
import type { ChatId, Seq, UserId } from '../ids.ts'
import type { Clock } from '../lib/clock.ts'
import { MAX_REPLAY } from './inbox.ts'
import type { InboxItem } from './inbox-item.ts'
import { type Feeding, LiveStream } from './live-stream.ts'
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

type Dependencies = Readonly<{ hub: Hub; chats: Chats; chatLog: ChatLog; clock: Clock }>

/** What the replay reads: `stays` after `afterSeq`, up to `untilSeq`; and how the live part is joined to it. */
type Plan = Readonly<{ afterSeq: Seq; untilSeq: Seq; stays: readonly Stay[]; merge: Merge }>

export function createChatStreams({ hub, chats, chatLog, clock }: Dependencies): ChatStreams {
  async function open({ viewerId, chatId, afterSeq, onOverflow }: ChatSubscriber): Promise<LiveStream> {
    if (afterSeq !== undefined && afterSeq < 0)
      throw badInput('afterSeq is a position in the log: 0 or greater')
    const view = await chats.require(viewerId, chatId)

    async function* phases(feeding: Feeding): AsyncGenerator<InboxItem, void, void> {
      yield* replay(chatId, plan)
      yield { type: 'CaughtUp', at: new Date(clock.now()) }
      if (view.member.leftSeq !== null) return
      for await (const item of feeding.live()) {
        if (!plan.merge(item)) continue
        yield item
        if (item.type === 'MemberRemoved' && item.userId === viewerId) return
      }
    }

    const stream: LiveStream = new LiveStream({ phases, release: () => watching.leave(), onOverflow })
    const listener = { userId: viewerId, push: stream.push.bind(stream) }
    const watching = hub.watch(chatId, listener, view.chat.headSeq)
    const plan = planFor(view, afterSeq, watching.lastSeq)
    return stream
  }

  async function* replay(chatId: ChatId, plan: Plan): AsyncGenerator<InboxItem, void, void> {
    const { afterSeq, untilSeq, stays } = plan
    if (afterSeq > untilSeq) return yield reset(`The log ends at ${untilSeq}, before afterSeq ${afterSeq}`)
    if (lengthOf(stays) > MAX_REPLAY) return yield reset(`More than ${MAX_REPLAY} events follow ${afterSeq}`)
    for (const stay of stays) {
      const isWhole = yield* replayStay(chatId, stay)
      if (!isWhole) return yield reset(`The log no longer reaches back to ${afterSeq}`)
    }
  }

  /** Answers false where the log has a part of the stay no more. */
  async function* replayStay(
    chatId: ChatId,
    { first, last }: Stay,
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
  const stays = staysAfter([...earlierStays, { first: joinedSeq, last: untilSeq }], afterSeq)
  return { afterSeq, untilSeq, stays, merge: createMerge(new Map([[view.chat.id, untilSeq]])) }
}

function reset(reason: string): InboxItem {
  return { type: 'InboxReset', reason }
}
