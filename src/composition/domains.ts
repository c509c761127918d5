import { createAudienceStore } from '../chats/audience-store.ts'
import { createAudience } from '../chats/audience.ts'
import { createChatLogStore } from '../chats/chat-log-store.ts'
import { createChatLog } from '../chats/chat-log.ts'
import { createChatStore } from '../chats/chat-store.ts'
import { createChats } from '../chats/chats.ts'
import { createDurableChange } from '../chats/durable-change.ts'
import { createRetentionStore } from '../chats/retention-store.ts'
import { createRetention } from '../chats/retention.ts'
import { createSettingsStore } from '../chats/settings-store.ts'
import { createChatUpdater } from '../chats/update-chat.ts'
import type { Foundation } from './foundation.ts'
import { createLoad } from './load.ts'
import { createPresenceParts } from './presence.ts'
import { createRouting, type Routing } from './routing.ts'
import { createChatStreams } from '../delivery/chat-stream.ts'
import { createDeviceStore } from '../delivery/device-store.ts'
import { createInbox } from '../delivery/inbox.ts'
import { createLiveDevices } from '../delivery/live-devices.ts'
import { createHub, type Hub } from '../gateway/hub.ts'
import { createMembershipStore } from '../gateway/membership-store.ts'
import { createResync, type Resync } from '../gateway/resync.ts'
import type { Services } from '../api/services.ts'
import { createGroupCreator } from '../groups/create-group.ts'
import { createGroupStore } from '../groups/group-store.ts'
import { createGroups } from '../groups/groups.ts'
import { createMemberRules } from '../groups/member-rules.ts'
import { elapsedMs } from '../lib/clock.ts'
import { createMessageChanger } from '../messages/change-message.ts'
import { createChangeStore } from '../messages/change-store.ts'
import { measureCommits } from '../messages/commit-latency.ts'
import { createDurableAppend } from '../messages/durable-append.ts'
import { createExpiryStore } from '../messages/expiry-store.ts'
import { createMessageExpiry } from '../messages/message-expiry.ts'
import { createMessageLog } from '../messages/message-log.ts'
import { createMessageStore } from '../messages/message-store.ts'
import { createMessages } from '../messages/messages.ts'
import { createMessageSender } from '../messages/send-message.ts'
import { createLastSeenStore } from '../presence/last-seen-store.ts'
import { presenceEdgeTopic } from '../presence/presence-edges.ts'
import { createVisibilityStore } from '../presence/visibility-store.ts'
import { createPresenceSubscriptions } from '../presence/presence-subscriptions.ts'
import { createReceiptStore } from '../receipts/receipt-store.ts'
import { createReceipts } from '../receipts/receipts.ts'
import { createReceiptRecipients } from '../receipts/receipt-recipients.ts'
import { createTyping } from '../gateway/typing.ts'
import { createUserStore } from '../users/user-store.ts'
import { createUsers } from '../users/users.ts'

/** What people can do here, and what goes on without them. */
export type Domains = ReturnType<typeof createDomains>

export function createDomains(foundation: Foundation) {
  const { config, database, clock, logger, metrics, backplane } = foundation
  const { sessions } = backplane
  const { durableWriter: writer } = database
  const log = measureCommits(createMessageLog({ writer }), elapsedMs)
  const load = createLoad(foundation, { log, waitingSends: () => messageSender.depth() })
  const users = createUsers({ store: createUserStore(database), elapsedMs })
  const chatStore = createChatStore({ ...database, writer })
  const chats = createChats({
    store: chatStore,
    userExists: async (id) => (await users.find(id)) !== undefined,
  })
  const chatLog = createChatLog({ store: createChatLogStore(database), writer })

  const hub: Hub = createHub({
    readLog: (stretch) => chatLog.read(stretch),
    logFloor: chatLog.floor,
    onMembersChanged: (userIds) => presenceSubscriptions.reviewAccess(userIds),
    sessions,
    metrics,
    logger,
  })
  const presenceStores = {
    store: backplane.presence,
    lastSeen: createLastSeenStore(database),
    visibility: createVisibilityStore(database),
  }
  const presenceSubscriptions = createPresenceSubscriptions({
    ...presenceStores,
    trackUser: hub.trackUser,
    logger,
  })
  const logSweeper = createResync({ hub, store: createMembershipStore(database), clock, metrics, logger })
  // Whatever made a gateway miss an event may have made it miss who is online, and who may see that.
  const sweeper: Resync = {
    ...logSweeper,
    request(reason) {
      logSweeper.request(reason)
      presenceSubscriptions.refresh()
      presenceSubscriptions.reviewAccess(hub.userIds())
    },
  }
  const audience = createAudience({ store: createAudienceStore(database), clock })
  const routing: Routing = createRouting(foundation, { hub, audience, resync: sweeper })
  const { router, topics } = routing
  topics.subscribe(presenceEdgeTopic, presenceSubscriptions.receiveEdges)
  const { publish } = router

  const messages = createMessages({ store: createMessageStore(database) })
  const messageSender = createMessageSender({
    append: createDurableAppend({ log, chatLog, publish, metrics, logger }),
    findMessage: async (id) => (await messages.findMany([id]))[0],
    metrics,
  })
  const messageExpiry = createMessageExpiry({ store: createExpiryStore(database), metrics, logger })
  const retention = createRetention({
    store: createRetentionStore(database),
    keepS: config.logRetentionS,
    isOn: () => load.levels.modeOf('retention') === 'on',
    clock,
    metrics,
    logger,
  })
  const change = createDurableChange({ chatLog, publish })
  const messageChanger = createMessageChanger({ change, store: createChangeStore() })
  const chatUpdater = createChatUpdater({ change, store: createSettingsStore() })
  const groupStore = createGroupStore({ writer })
  const people = createMemberRules({ users, maxMembers: config.groups.maxMembers })
  const liveDevices = createLiveDevices()
  const receiptStore = createReceiptStore(database)
  const receipts = createReceipts({
    store: receiptStore,
    isLive: liveDevices.has,
    receiptRecipients: createReceiptRecipients({ store: receiptStore, logger }),
    elapsedMs,
    publish: (advanced) =>
      router.publishSignals(advanced.map((receipt) => ({ type: 'ReceiptAdvanced', ...receipt }))),
    leastRestMs: load.levels.receiptRestMs,
  })

  const devices = createDeviceStore(database)
  const { marks } = database
  const inbox = createInbox({ hub, devices, liveDevices, chatLog, receipts, clock, marks, metrics, logger })
  const chatStreams = createChatStreams({ hub, chats, chatLog, clock, marks })
  const { presence, monitor: presenceMonitor } = createPresenceParts(
    foundation,
    presenceStores,
    presenceSubscriptions,
    routing,
    load,
  )
  const services: Services = {
    users,
    chats,
    chatLog,
    chatUpdater,
    createGroup: createGroupCreator({ store: groupStore, memberRules: people, chatLog, publish }),
    groups: createGroups({ change, store: groupStore, memberRules: people }),
    messages,
    messageSender,
    messageChanger,
    receipts,
    typing: createTyping({ chats, announce: router.publishSignals }),
    presence,
    inbox,
    chatStreams,
    levels: load.levels,
    operationAdmission: load.operationAdmission,
  }
  metrics.gauge('lane_depth', 'Messages that wait to be stored.', () => messageSender.depth())
  metrics.gauge(
    'presence_watched',
    'People whose presence is watched by somebody here.',
    presenceSubscriptions.watchedCount,
  )
  return {
    services,
    load,
    hub,
    routing,
    sweeper,
    messageExpiry,
    retention,
    presenceSubscriptions,
    presenceMonitor,
  }
}
