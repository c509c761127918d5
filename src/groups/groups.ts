import type { ChatEvent } from '../events/chat-event.ts'
import type { MemberRole } from '../events/chat.ts'
import type { Change, LockedChat } from '../chats/chat-log.ts'
import type { DurableChange } from '../chats/durable-change.ts'
import { outranks, requirePresent, requireRank, type MemberAccess } from '../chats/roles.ts'
import { forbidden, notFound } from '../errors.ts'
import type { ChatId, UserId } from '../ids.ts'
import type { Transaction } from '../store/sql/writer.ts'
import type { GroupStore } from './group-store.ts'
import type { MemberRules } from './member-rules.ts'

/**
 * Who is in a group, and as what. What is so already succeeds and adds nothing to the log, so all of it may be sent
 * again. All reject with NOT_FOUND where the chat was never the actor's, and with FORBIDDEN where the actor has left,
 * in a direct chat, and where the actor's role does not go so far.
 */
export type Groups = Readonly<{
  /** By owners and admins. NOT_FOUND for people who do not exist, BAD_USER_INPUT beyond the most members. */
  addMembers(actorId: UserId, chatId: ChatId, userIds: readonly UserId[]): Promise<void>
  /**
   * Oneself, or somebody whose role is lower. When the last owner leaves, the group passes on to the admin who has been
   * there longest, or else to the member who has.
   */
  removeMember(actorId: UserId, chatId: ChatId, userId: UserId): Promise<void>
  /** By owners: anybody else's but an owner's; their own only while there is another owner. */
  setRole(actorId: UserId, chatId: ChatId, userId: UserId, role: MemberRole): Promise<void>
}>

type Dependencies = Readonly<{ change: DurableChange; store: GroupStore; memberRules: MemberRules }>

export function createGroups({ change, store, memberRules: people }: Dependencies): Groups {
  /** Removing an owner comes second where the group passes on: it is never without one. */
  async function passOn(
    tx: Transaction,
    chatId: ChatId,
    ownerId: UserId,
  ): Promise<readonly Change<GroupEvent>[]> {
    const heir = await store.findSuccessor(tx, chatId, ownerId)
    if (heir === undefined || heir.role === 'OWNER') return []
    await store.setRole(tx, chatId, heir.userId, 'OWNER')
    return [roleChanged(ownerId, heir.userId, 'OWNER')]
  }

  async function requireOtherOwner(tx: Transaction, chatId: ChatId, ownerId: UserId): Promise<void> {
    const heir = await store.findSuccessor(tx, chatId, ownerId)
    if (heir?.role !== 'OWNER') throw forbidden('A group needs an owner: make somebody else one first')
  }

  return {
    async addMembers(actorId, chatId, userIds) {
      const wanted = [...new Set(userIds)]
      people.requireCapacityFor(wanted.length)
      await people.requireExisting(wanted)
      await change(chatId, 'Chat', async (tx, chat) => {
        requireRank(await actorIn(chat, actorId), 'ADMIN', 'add members')
        const present = new Set(await store.findPresent(tx, chatId, wanted))
        const newcomers = wanted.filter((userId) => !present.has(userId))
        if (newcomers.length === 0) return []
        people.requireCapacityFor(chat.memberCount + newcomers.length)
        await store.add(tx, { chatId, seq: chat.headSeq + 1, at: chat.now }, newcomers)
        return newcomers.map((userId) => memberAdded(actorId, userId))
      })
    },

    async removeMember(actorId, chatId, userId) {
      await change(chatId, 'Chat', async (tx, chat) => {
        const target = await mayRemove(chat, actorId, userId)
        if (target.leftSeq !== null) return []
        const passedOn = target.role === 'OWNER' ? await passOn(tx, chatId, userId) : []
        const seq = chat.headSeq + passedOn.length + 1
        await store.remove(tx, { chatId, seq, at: chat.now }, userId)
        return [...passedOn, memberRemoved(actorId, userId)]
      })
    },

    async setRole(actorId, chatId, userId, role) {
      await change(chatId, 'Chat', async (tx, chat) => {
        const actor = await actorIn(chat, actorId)
        const target = await chat.member(userId)
        if (target === undefined || target.leftSeq !== null) throw notFound('Member')
        // First, so that who stepped down and did not hear of it may ask again.
        if (target.role === role) return []
        requireRank(actor, 'OWNER', 'give roles')
        if (userId === actorId) await requireOtherOwner(tx, chatId, userId)
        else if (target.role === 'OWNER') throw forbidden('Only owners themselves can give up their role')
        await store.setRole(tx, chatId, userId, role)
        return [roleChanged(actorId, userId, role)]
      })
    },
  }
}

/** The actor's standing in the group, if they are in it. */
async function actorIn(chat: LockedChat, actorId: UserId): Promise<MemberAccess> {
  const actor = requirePresent(await chat.member(actorId))
  if (chat.kind === 'DIRECT') throw forbidden('A direct chat is between two people, for good: make a group')
  return actor
}

/** The standing of somebody whom the actor may remove. Who has left already may leave again. */
async function mayRemove(chat: LockedChat, actorId: UserId, userId: UserId): Promise<MemberAccess> {
  const target = await chat.member(userId)
  if (actorId === userId && target !== undefined && target.leftSeq !== null) return target
  const actor = await actorIn(chat, actorId)
  if (target === undefined) throw notFound('Member')
  if (actorId === userId || target.leftSeq !== null || outranks(actor.role, target.role)) return target
  throw forbidden('Owners can remove admins and members, admins can remove members')
}

type GroupEvent = Extract<ChatEvent, { type: 'MemberAdded' | 'MemberRemoved' | 'MemberRoleChanged' }>

function memberAdded(actorId: UserId, userId: UserId): Change<GroupEvent> {
  const type = 'MemberAdded'
  return {
    row: { type, actorId, subjectId: userId },
    toEvent: (place) => ({ type, ...place, actorId, userId, joined: [userId] }),
  }
}

function memberRemoved(actorId: UserId, userId: UserId): Change<GroupEvent> {
  const type = 'MemberRemoved'
  return {
    row: { type, actorId, subjectId: userId },
    toEvent: (place) => ({ type, ...place, actorId, userId, joined: [] }),
  }
}

function roleChanged(actorId: UserId, userId: UserId, role: MemberRole): Change<GroupEvent> {
  const type = 'MemberRoleChanged'
  return {
    row: { type, actorId, subjectId: userId, role },
    toEvent: (place) => ({ type, ...place, actorId, userId, role, joined: [] }),
  }
}
