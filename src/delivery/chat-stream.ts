import type { Chats } from '../chats/chats.ts'
import { badInput, unavailable } from '../errors.ts'
import { type ChatView, lastVisibleSeq } from '../events/chat.ts'
import { type MembershipPeriod, periodsAfter } from '../events/membership-period.ts'
import type { LiveSubscriber, LiveItem } from '../events/signal.ts'
import type { Hub } from '../gateway/hub.ts'
import type { ChatId, Seq, UserId } from '../ids.ts'
import type { InboxItem } from './inbox-item.ts'
import type { Accept, LiveSink } from './live-source.ts'
import { type LiveStream, openLiveStream } from './live-stream.ts'
import { createMerge, type Merge } from './merge.ts'
import { createPhases, type PhaseDependencies, readUntilFresh } from './phases.ts'
import { replayLog } from './replay.ts'
import type { ReadPage } from './shared-pages.ts'

export type ChatStreams = Readonly<{
  /**
   * Opens a stream of one chat that starts after `afterSeq`, or at the chat's head if that is undefined. It has the
   * same phases as an inbox: replay, CaughtUp, live. It ends when the viewer's membership ends. Rejects with NOT_FOUND
   * if the viewer has never been a member, and with BAD_USER_INPUT if `afterSeq` is negative.
   */
  open(subscriber: ChatSubscriber): Promise<LiveStream>
}>

export type ChatSubscriber = Readonly<{
  viewerId: UserId
  chatId: ChatId
  afterSeq: Seq | undefined
  /** Called if the reader is too slow. Has to close its connection. */
  onOverflow(): void
  /** Takes all items. Default: the reader asks for them. */
  sink?: LiveSink | undefined
}>

type Dependencies = Readonly<{
  hub: Pick<Hub, 'subscribeToChat'>
  chats: Pick<Chats, 'require'>
  chatLog: Readonly<{ read: ReadPage }>
}> &
  PhaseDependencies

/** A chat as it was read, and the registration of a listener that gets every event after that. */
type Watched = Readonly<{ view: ChatView; watching: Readonly<{ lastSeq: Seq; dispose(): void }> }>

/** How often a chat is read before the stream gives up, if memberships change after each read. */
const MAX_READS = 10
const BACKOFF = { firstMs: 20, maxMs: 500 }

/** The replay covers the periods after `afterSeq` and up to `untilSeq`. The merge joins the live part to it. */
type Plan = Readonly<{ afterSeq: Seq; untilSeq: Seq; periods: readonly MembershipPeriod[]; merge: Merge }>

export function createChatStreams(dependencies: Dependencies): ChatStreams {
  const { hub, chats, chatLog } = dependencies
  const shared = createPhases(dependencies)

  async function open({ viewerId, chatId, afterSeq, onOverflow, sink }: ChatSubscriber): Promise<LiveStream> {
    if (afterSeq !== undefined && afterSeq < 0)
      throw badInput('afterSeq is negative. Pass a position in the log: 0 or greater.')

    async function* phases(): AsyncGenerator<readonly InboxItem[], Accept | void, void> {
      yield* shared.replay(viewerId, replay(chatId, plan))
      if (view.member.leftSeq !== null) return undefined
      return (item) => {
        if (!plan.merge(item)) return 'skip'
        shared.recordDelivery(viewerId)
        const isOver = item.type === 'MemberRemoved' && item.userId === viewerId
        return isOver || item.type === 'ChatDeleted' ? 'last' : 'deliver'
      }
    }

    const stream: LiveStream = openLiveStream({ phases, sink, onClose: () => watching.dispose(), onOverflow })
    const { view, watching } = await watch(chatId, {
      userId: viewerId,
      push: (item: LiveItem) => stream.push(item),
      restart: () => stream.overflow(),
    })
    const plan = planFor(view, afterSeq, watching.lastSeq)
    return stream
  }

  /**
   * Reads the chat and registers the listener. If the hub has already delivered a later change of members, the view is
   * stale and the viewer may be the member who was removed: the chat is read again.
   */
  async function watch(chatId: ChatId, listener: LiveSubscriber): Promise<Watched> {
    async function read(): Promise<Watched | 'stale'> {
      const view = await chats.require(listener.userId, chatId)
      const watching = hub.subscribeToChat(listener, { chatId, headSeq: view.chat.headSeq })
      return watching === 'stale' ? 'stale' : { view, watching }
    }

    const watched = await readUntilFresh(read, { backoff: BACKOFF, maxReads: MAX_READS })
    if (watched === 'stale') throw unavailable('The members of this chat keep changing. Subscribe again.')
    return watched
  }

  async function* replay(chatId: ChatId, plan: Plan): AsyncGenerator<readonly InboxItem[], void, void> {
    const { afterSeq, untilSeq, periods } = plan
    if (afterSeq > untilSeq) yield [beyondHead(afterSeq, untilSeq)]
    else yield* replayLog([{ chatId, periods, floorSeq: 0 }], { readPage: chatLog.read })
  }

  return { open }
}

function planFor(view: ChatView, requestedSeq: Seq | undefined, deliveredSeq: Seq): Plan {
  const lastSeq = lastVisibleSeq(view)
  const untilSeq = view.member.leftSeq ?? Math.max(lastSeq, deliveredSeq)
  const afterSeq = requestedSeq ?? lastSeq
  const { earlierPeriods, joinedSeq } = view.member
  const periods = periodsAfter([...earlierPeriods, { first: joinedSeq, last: untilSeq }], afterSeq)
  return { afterSeq, untilSeq, periods, merge: createMerge(new Map([[view.chat.id, untilSeq]])) }
}

/** The client's position is from a log that was restored to an earlier state. */
function beyondHead(afterSeq: Seq, headSeq: Seq): InboxItem {
  const reason =
    `The log ends at ${headSeq}, before afterSeq ${afterSeq}. ` +
    'Query the current state, then apply the events that follow.'
  return { type: 'InboxReset', reason }
}
