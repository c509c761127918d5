import type { MemberRole } from '../events/chat.ts'
import type { Change, LockedChat } from '../chats/chat-log.ts'
import type { DurableChange } from '../chats/durable-change.ts'
import {
  isSystem,
  type MemberAccess,
  outranks,
  requirePresent,
  requireRank,
  SYSTEM_ACCESS,
} from '../chats/roles.ts'
import { forbidden, notFound } from '../errors.ts'
import type { ChatId, UserId } from '../ids.ts'
import type { Transaction } from '../store/sql/transaction.ts'
import type { GroupStore } from './group-store.ts'
import type { MemberRules } from './member-rules.ts'
import { type GroupEvent, memberAdded, memberRemoved, roleChanged } from './member-changes.ts'

/**
 * Changes the members of a group and their roles. A change that is in place already succeeds and adds nothing to
 * the log, so all of them may be repeated. The product's backend may change all members and roles, but each group
 * keeps an owner.
 *
 * Errors of all methods:
 * - NOT_FOUND – no such chat, or the actor was never a member.
 * - FORBIDDEN – the actor has left, the actor's role is too low, or the chat is direct.
 * - UNAVAILABLE – not confirmed in time; may be repeated.
 */
export type Groups = Readonly<{
  /**
   * Adds members. The actor must be an owner or admin.
   *
   * Errors: NOT_FOUND – a user does not exist; BAD_USER_INPUT – too many members.
   */
  addMembers(actorId: UserId, chatId: ChatId, userIds: readonly UserId[]): Promise<void>
  /**
   * Removes the actor, or a member with a lower role than the actor's. If the last owner leaves, the admin who joined
   * first becomes the owner, or without admins the member who joined first.
   *
   * Errors: NOT_FOUND – the user was never a member.
   */
  removeMember(actorId: UserId, chatId: ChatId, userId: UserId): Promise<void>
  /**
   * Sets a member's role. The actor must be an owner. Owners cannot change the role of other owners, and can change
   * their own only while there is another owner.
   *
   * Errors: NOT_FOUND – the user is not a present member.
   */
  setRole(actorId: UserId, chatId: ChatId, userId: UserId, role: MemberRole): Promise<void>
}>

type Dependencies = Readonly<{ change: DurableChange; store: GroupStore; memberRules: MemberRules }>

export function createGroups({ change, store, memberRules }: Dependencies): Groups {
  /** Runs before the last owner is removed, so that a group always has an owner. */
  async function transferOwnership(
    tx: Transaction,
    chatId: ChatId,
    ownerId: UserId,
  ): Promise<readonly Change<GroupEvent>[]> {
    const successor = await store.findSuccessor(tx, chatId, ownerId)
    if (successor === undefined || successor.role === 'OWNER') return []
    await store.setRole(tx, chatId, successor.userId, 'OWNER')
    return [roleChanged(ownerId, successor.userId, 'OWNER')]
  }

  async function requireOtherOwner(tx: Transaction, chatId: ChatId, ownerId: UserId): Promise<void> {
    const successor = await store.findSuccessor(tx, chatId, ownerId)
    if (successor?.role !== 'OWNER')
      throw forbidden('A group needs an owner; make another member an owner first')
  }

  return {
    async addMembers(actorId, chatId, userIds) {
      const wanted = [...new Set(userIds)]
      memberRules.requireCapacityFor(wanted.length)
      await change({ chatId, actorId, what: 'Chat' }, async (tx, chat) => {
        requireRank(await requireMemberOfGroup(chat, actorId), 'ADMIN', 'add members')
        const present = new Set(await store.findPresent(tx, chatId, wanted))
        const newcomers = wanted.filter((userId) => !present.has(userId))
        if (newcomers.length === 0) return []
        // After the actor's rank: without the right to add, an actor learns nothing about users.
        memberRules.requireAllOf(newcomers, await store.findExisting(tx, newcomers))
        memberRules.requireCapacityFor(chat.memberCount + newcomers.length)
        await store.add(tx, { chatId, seq: chat.headSeq + 1, at: chat.now }, newcomers)
        return newcomers.map((userId) => memberAdded(actorId, userId))
      })
    },

    async removeMember(actorId, chatId, userId) {
      await change({ chatId, actorId, what: 'Chat' }, async (tx, chat) => {
        const target = await requireRemovable(chat, actorId, userId)
        if (target.leftSeq !== null) return []
        const transfer = target.role === 'OWNER' ? await transferOwnership(tx, chatId, userId) : []
        const seq = chat.headSeq + transfer.length + 1
        await store.remove(tx, { chatId, seq, at: chat.now }, userId)
        return [...transfer, memberRemoved(actorId, userId)]
      })
    },

    async setRole(actorId, chatId, userId, role) {
      await change({ chatId, actorId, what: 'Chat' }, async (tx, chat) => {
        const actor = await requireMemberOfGroup(chat, actorId)
        const target = await chat.member(userId)
        if (target === undefined || target.leftSeq !== null) throw notFound('Member')
        // Before the check of the actor's role: an owner who has stepped down may repeat the request.
        if (target.role === role) return []
        requireRank(actor, 'OWNER', 'give roles')
        const isOwn = userId === actorId || (isSystem(actorId) && target.role === 'OWNER')
        if (isOwn) await requireOtherOwner(tx, chatId, userId)
        else if (target.role === 'OWNER') throw forbidden('Only an owner can give up their own role')
        await store.setRole(tx, chatId, userId, role)
        return [roleChanged(actorId, userId, role)]
      })
    },
  }
}

/** Returns the actor's membership. Errors: as listed for all methods of `Groups`. */
async function requireMemberOfGroup(chat: LockedChat, actorId: UserId): Promise<MemberAccess> {
  const actor = isSystem(actorId) ? SYSTEM_ACCESS : requirePresent(await chat.member(actorId))
  if (chat.kind === 'DIRECT')
    throw forbidden('The members of a direct chat cannot change; create a group instead')
  return actor
}

/** Returns the membership to end, if the actor may end it. A user who has left may leave again. */
async function requireRemovable(chat: LockedChat, actorId: UserId, userId: UserId): Promise<MemberAccess> {
  const target = await chat.member(userId)
  if (actorId === userId && target !== undefined && target.leftSeq !== null) return target
  const actor = await requireMemberOfGroup(chat, actorId)
  if (target === undefined) throw notFound('Member')
  const mayRemove = actorId === userId || isSystem(actorId) || outranks(actor.role, target.role)
  if (mayRemove || target.leftSeq !== null) return target
  throw forbidden('Owners can remove admins and members, admins can remove members')
}
