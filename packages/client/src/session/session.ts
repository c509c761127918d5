import type { ChatSummary } from '../api.ts'
import type { EventData, SummaryData } from '../graphql/responses.ts'
import { createOutbox, type Outbox } from '../outbox/outbox.ts'
import { createStateCache } from '../storage/state-cache.ts'
import { createPositions } from '../sync/positions.ts'
import { createSync, type Sync } from '../sync/sync.ts'
import type { TabMessage } from '../tabs/tab-message.ts'
import { joinAlone, type Tabs } from '../tabs/tabs.ts'
import { inBackground, type SessionContext } from './context.ts'
import { createFollower } from './follower.ts'
import { refreshViewer } from './identity.ts'
import { createLeader } from './leader.ts'
import type { ClientParts } from './parts.ts'

type Options = ClientParts &
  Readonly<{
    /** Prefix of this user's keys in storage; ends with a slash. */
    prefix: string
    deviceId: string
  }>

/** One user on one device, in one tab. */
export type Session = Readonly<{
  deviceId: string
  sync: Sync
  outbox: Outbox
  /** Shows what storage holds. */
  load(): Promise<void>
  /** Joins the other tabs; from then on the session leads or follows. */
  start(): void
  /** The users whose presence this tab shows. */
  watch(userIds: readonly string[]): void
  /** Takes in a chat that a mutation has returned. */
  adopt(data: SummaryData): Promise<ChatSummary>
  stop(): Promise<void>
}>

/** This tab, among those whose watched users the leader collects. */
const HERE = ''

/*
 * The tab that leads holds the connection: it hands every item of the inbox to the other tabs before it applies it,
 * acknowledges positions and sends the outbox. A tab that follows applies the items that it is handed, and queries its
 * own snapshot over HTTP. Everything else is the same in both.
 */
export function createSession(options: Options): Session {
  const { storage, prefix, deviceId, requestWithRetries: request, model } = options
  const cache = createStateCache(options, `${prefix}chat/`)
  const positions = createPositions({ ...options, request })
  let tabs: Tabs | undefined
  let watched: readonly string[] = []
  let hasFollowed = false
  const post = (message: TabMessage): void => tabs?.post(message)
  const isLeader = (): boolean => tabs?.isLeader() === true

  const outbox = createOutbox({
    ...options,
    prefix: `${prefix}outbox/`,
    onChanged: (chatId) => model.touch(chatId),
    onStored: () => post({ type: 'outbox' }),
    onSent: (confirmed) => post({ type: 'sent', confirmed }),
  })
  const noteHead = (chatId: string, headSeq: number): void => {
    outbox.noteHead(chatId, headSeq)
    if (isLeader()) positions.note(chatId, headSeq)
  }
  const sync = createSync({
    ...options,
    request,
    onEvent,
    onHead: noteHead,
    onReset: positions.reset,
  })
  const context: SessionContext = { ...options, sync, outbox, post, isLeader }
  const leader = createLeader(context, deviceId)
  const follower = createFollower(context)
  model.watch((chatIds) => {
    if (isLeader() && sync.isReady()) cache.note(chatIds)
  })

  function onEvent(event: EventData): void {
    const { __typename: type, chat, seq, message } = event
    if (message !== undefined && type === 'MessageSent') {
      // A message ends the typing that led to it.
      model.setTyping(chat.id, message.sender, false)
      if (message.sender.id === model.viewerId) outbox.noteLogged(message.clientMessageId)
    }
    noteHead(chat.id, seq)
    for (const listener of options.eventListeners) listener(event)
  }

  function onMessage(message: TabMessage, fromTab: string): void {
    switch (message.type) {
      case 'hello':
        return leader.postState()
      case 'watch':
        return leader.watch(fromTab, message.userIds)
      case 'outbox':
        return inBackground(context, outbox.load())
      case 'sent':
        return outbox.noteSent(message.confirmed)
      default:
        if (!isLeader()) follower.receive(message)
    }
  }

  return {
    deviceId,
    sync,
    outbox,
    async load() {
      await Promise.all([cache.load(), outbox.load()])
    },
    start() {
      tabs = (storage.joinTabs ?? joinAlone)({
        // Not the device: two tabs that start at the same time for the first time may each have made one.
        client: prefix,
        onLead() {
          options.isFollowing.set(false)
          leader.lead(hasFollowed)
        },
        onFollow() {
          hasFollowed = true
          options.isFollowing.set(true)
          follower.follow()
          post({ type: 'watch', userIds: watched })
        },
        onMessage: (message, fromTab) => onMessage(message as TabMessage, fromTab),
      })
      inBackground(context, refreshViewer(options))
    },
    watch(userIds) {
      watched = userIds
      leader.watch(HERE, userIds)
      post({ type: 'watch', userIds })
    },
    async adopt(data) {
      if (model.get(data.id) === undefined) await sync.chat(data.id).release(data)
      return model.summary(data.id)
    },
    async stop() {
      leader.stop()
      await cache.flush()
      post({ type: 'watch', userIds: [] })
      tabs?.close()
    },
  }
}
