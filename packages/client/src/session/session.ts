import type { ChatSummary, ClientStorage, ConnectionState, ServiceStatus } from '../api.ts'
import type { Socket } from '../connection/socket.ts'
import type { TokenSource } from '../connection/token.ts'
import type { Request } from '../graphql/http.ts'
import type { EventData, SummaryData } from '../graphql/responses.ts'
import type { ValueStore } from '../lib/value-store.ts'
import type { Model } from '../model/model.ts'
import { Outbox } from '../outbox/outbox.ts'
import type { PresenceStores } from '../presence/presence-stores.ts'
import { StateCache } from '../storage/state-cache.ts'
import { createPositions } from '../sync/positions.ts'
import { Sync } from '../sync/sync.ts'
import type { TabMessage } from '../tabs/tab-message.ts'
import { joinAlone, type Tabs } from '../tabs/tabs.ts'
import { inBackground, type SessionContext } from './context.ts'
import { createFollower } from './follower.ts'
import { createLeader } from './leader.ts'

type Options = Readonly<{
  url: string
  WebSocket: typeof globalThis.WebSocket
  storage: ClientStorage
  /** Prefix of this user's keys in storage; ends with a slash. */
  prefix: string
  deviceId: string
  pageSize: number
  tokens: TokenSource
  request: Request
  /** Repeats what may succeed later. */
  requestWithRetries: Request
  model: Model
  presences: PresenceStores
  /** The connection of the inbox, while there is one in this tab. */
  socket: ValueStore<Socket | undefined>
  /** Whether another tab holds the inbox. */
  isFollowing: ValueStore<boolean>
  connection: ValueStore<ConnectionState>
  serviceStatus: ValueStore<ServiceStatus>
  signal: AbortSignal
  onError(error: unknown): void
  refreshViewer(): Promise<void>
}>

/** One user on one device, in one tab. */
export type Session = Readonly<{
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
const HERE = 'here'

/*
 * The tab that leads holds the connection: it hands every item of the inbox to the other tabs before it applies it,
 * acknowledges positions and sends the outbox. A tab that follows applies the items that it is handed, and queries its
 * own snapshot over HTTP. Everything else is the same in both.
 */
export function createSession(options: Options): Session {
  const { storage, prefix, deviceId, request, requestWithRetries, model, signal, onError } = options
  const cache = new StateCache(storage, `${prefix}chat/`, model, onError)
  const positions = createPositions({ request: requestWithRetries, deviceId, signal, onError })
  let tabs: Tabs | undefined
  let watched: readonly string[] = []
  let hasFollowed = false
  const post = (message: TabMessage): void => tabs?.post(message)
  const isLeader = (): boolean => tabs?.isLeader() === true

  const outbox = new Outbox({
    storage,
    prefix: `${prefix}outbox/`,
    request,
    signal,
    onChanged: (chatId) => model.touch(chatId),
    onStored: () => post({ type: 'outbox' }),
    onSent: (confirmed) => post({ type: 'sent', confirmed }),
    onError,
  })
  const noteHead = (chatId: string, headSeq: number): void => {
    outbox.noteHead(chatId, headSeq)
    if (isLeader()) positions.note(chatId, headSeq)
  }
  const sync = new Sync({
    ...options,
    request: requestWithRetries,
    onEvent,
    onHead: noteHead,
    onReset: positions.reset,
  })
  const context: SessionContext = { ...options, sync, outbox, post, isLeader }
  const refreshViewer = (): void => inBackground(context, options.refreshViewer())
  const leader = createLeader(context, { ...options, onConnected: refreshViewer })
  const follower = createFollower(context)
  model.onChanged = (chatIds) => {
    if (isLeader() && sync.isReady) cache.note(chatIds)
  }

  function onEvent({ __typename: type, chat, seq, message }: EventData): void {
    if (message !== undefined && type === 'MessageSent') {
      // A message ends the typing that led to it.
      model.setTyping(chat.id, message.sender, false)
      if (message.sender.id === model.viewerId) outbox.noteLogged(message.clientMessageId)
    }
    noteHead(chat.id, seq)
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
      refreshViewer()
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
