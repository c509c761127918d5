import { createChatDeleter } from '../chats/delete-chat.ts'
import { createDeletionStore } from '../chats/deletion-store.ts'
import { createChatUpdater } from '../chats/update-chat.ts'
import { createGroupCreator } from '../groups/create-group.ts'
import { createGroupStore } from '../groups/group-store.ts'
import { createGroups } from '../groups/groups.ts'
import { createMemberRules } from '../groups/member-rules.ts'
import { createMemberUpdater } from '../groups/update-members.ts'
import type { Users } from '../users/users.ts'
import type { ChatParts } from './chats.ts'
import type { Foundation } from './foundation.ts'
import type { GatewayParts } from './gateway.ts'

/** Groups, their members, and their settings. */
export function wireGroups(
  { config, database }: Foundation,
  users: Users,
  { chatLog }: ChatParts,
  { change, routing }: GatewayParts,
) {
  const store = createGroupStore({ writer: database.durableWriter })
  const memberRules = createMemberRules({ users, maxMembers: config.groups.maxMembers })
  const { publish } = routing.router
  return {
    ...createGroupCreator({ store, memberRules, chatLog, publish }),
    groups: createGroups({ change, store, memberRules }),
    memberUpdater: createMemberUpdater({ change, store, memberRules }),
    chatUpdater: createChatUpdater({ change }),
    chatDeleter: createChatDeleter({
      change,
      store: createDeletionStore({ writer: database.durableWriter }),
    }),
  }
}
