import type { Change, LockedChat } from '../chats/chat-log.ts'
import { fingerprintOf, parseKey } from '../chats/client-key.ts'
import type { DurableChange } from '../chats/durable-change.ts'
import { badInput, forbidden, ParleyError } from '../errors.ts'
import type { MemberRole } from '../events/chat.ts'
import { type ChatId, globalId, SYSTEM_USER_ID, type UserId } from '../ids.ts'
import type { Transaction } from '../store/sql/transaction.ts'
import type { GroupStore, PresentMember } from './group-store.ts'
import { type GroupEvent, memberAdded, memberRemoved, roleChanged } from './member-changes.ts'
import type { MemberRules } from './member-rules.ts'

/** Members as the product's backend wants them. */
export type MemberUpdate = Readonly<{
  /** These become members with these roles. A present member only gets the role. */
  set: readonly Readonly<{ userId: UserId; role: MemberRole }>[]
  /** These stop being members. */
  remove: readonly UserId[]
  /** The backend's own key for this update. */
  key: string
}>

/** The most members that one update may name. */
export const MAX_MEMBER_UPDATES = 500

/** Changes several members of a group at once, for the product's backend. */
export type MemberUpdater = Readonly<{
  /**
   * Applies the whole update in one transaction, or nothing of it. A retry with the same key changes nothing, even if
   * the members have changed since.
   *
   * Errors:
   * - NOT_FOUND – no such chat or user.
   * - FORBIDDEN – the chat is direct, or no owner would be left.
   * - CONFLICT – the key was used for another update of the chat.
   * - BAD_USER_INPUT – no member, too many, or one that is named twice; more members than a group may have.
   * - UNAVAILABLE – not confirmed in time; may be repeated.
   */
  update(chatId: ChatId, update: MemberUpdate): Promise<void>
}>

type Dependencies = Readonly<{ change: DurableChange; store: GroupStore; memberRules: MemberRules }>

/*
 * One update is a list of events in one transaction: removals, then joins in the order of the request, then roles.
 * Each step of the store takes the seq that its event gets, so the steps count along.
 */
export function createMemberUpdater({ change, store, memberRules }: Dependencies): MemberUpdater {
  async function apply(
    tx: Transaction,
    chat: LockedChat & Readonly<{ chatId: ChatId }>,
    { set, remove }: MemberUpdate,
  ): Promise<readonly Change<GroupEvent>[]> {
    const { chatId, now: at } = chat
    const present = await store.presentMembers(tx, chatId)
    const toRemove = remove.filter((userId) => present.has(userId))
    const newcomers = set.filter(({ userId }) => !present.has(userId))
    memberRules.requireCapacityFor(chat.memberCount - toRemove.length + newcomers.length)
    const roles = set.filter(({ userId, role }) => (present.get(userId)?.role ?? 'MEMBER') !== role)
    requireOwner(present, { set, remove })

    let seq = chat.headSeq
    const events: Change<GroupEvent>[] = []
    for (const userId of toRemove) {
      await store.remove(tx, { chatId, seq: (seq += 1), at }, userId)
      events.push(memberRemoved(SYSTEM_USER_ID, userId))
    }
    if (newcomers.length > 0) {
      const userIds = newcomers.map(({ userId }) => userId)
      await store.add(tx, { chatId, seq: seq + 1, at }, userIds)
      events.push(...userIds.map((userId) => memberAdded(SYSTEM_USER_ID, userId)))
    }
    for (const { userId, role } of roles) {
      await store.setRole(tx, chatId, userId, role)
      events.push(roleChanged(SYSTEM_USER_ID, userId, role))
    }
    return events
  }

  return {
    async update(chatId, update) {
      const key = parseKey('key', update.key)
      const fingerprint = fingerprintOf(contentOf(update))
      requireDistinct([...update.set.map(({ userId }) => userId), ...update.remove])
      await memberRules.requireExisting(update.set.map(({ userId }) => userId))
      await change({ chatId, actorId: SYSTEM_USER_ID, what: 'Chat' }, async (tx, chat) => {
        if (chat.kind === 'DIRECT') throw forbidden('The members of a direct chat cannot change')
        const claim = await store.claimKey(tx, { chatId, key, at: chat.now, fingerprint })
        if (claim === 'conflict') throw keyConflict()
        return claim === 'new' ? apply(tx, { ...chat, chatId }, update) : []
      })
    },
  }
}

/** The order in which an update names its members is not a part of it. */
function contentOf({ set, remove }: MemberUpdate): unknown {
  return [set.map(({ userId, role }) => [userId, role]).toSorted(byUser), remove.toSorted()]
}

function byUser([a = '']: readonly string[], [b = '']: readonly string[]): number {
  return a < b ? -1 : 1
}

function keyConflict(): ParleyError {
  return new ParleyError(
    'CONFLICT',
    'You used this key for another update of the members. Use a new key for each update.',
  )
}

function requireDistinct(userIds: readonly UserId[]): void {
  if (userIds.length === 0) throw badInput('The update names no member. Set or remove at least one.')
  if (userIds.length > MAX_MEMBER_UPDATES) {
    throw badInput(`The update names more than ${MAX_MEMBER_UPDATES} members. Send several updates.`)
  }
  const twice = userIds.find((userId, index) => userIds.indexOf(userId) !== index)
  if (twice !== undefined) throw badInput(`${globalId.user(twice)} is named twice. Name each user once.`)
}

/** Throws FORBIDDEN if the group would have no owner after the update. */
function requireOwner(
  present: ReadonlyMap<UserId, PresentMember>,
  { set, remove }: Pick<MemberUpdate, 'set' | 'remove'>,
): void {
  const roles = new Map([...present.values()].map(({ userId, role }) => [userId, role]))
  for (const userId of remove) roles.delete(userId)
  for (const { userId, role } of set) roles.set(userId, role)
  if (roles.size > 0 && ![...roles.values()].includes('OWNER')) {
    throw forbidden('A group needs an owner. Set another member as owner in the same update.')
  }
}
