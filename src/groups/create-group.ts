import { parseTitle, parseTtl } from '../chats/chat-input.ts'
import type { ChatLog } from '../chats/chat-log.ts'
import type { Publish } from '../chats/durable-change.ts'
import type { ChatEvent } from '../events/chat-event.ts'
import { badInput, ParleyError } from '../errors.ts'
import { type ChatId, newChatId, SYSTEM_USER_ID, type UserId } from '../ids.ts'
import { isSystem } from '../chats/roles.ts'
import { parseData } from '../chats/custom-data.ts'
import { canonicalJson } from '../lib/bounded-json.ts'
import { fingerprintOf, parseKey } from '../chats/client-key.ts'
import {
  answerInTime,
  changeNotConfirmed,
  FIVE_QUICK_ATTEMPTS,
  runDurableCommand,
} from '../store/sql/durable-command.ts'
import type { GroupStore, NewGroup } from './group-store.ts'
import type { MemberRules } from './member-rules.ts'

export type GroupInput = Readonly<{
  title: string
  /** The other members. The creator is always a member. */
  memberIds: readonly UserId[]
  /** Undefined or 0: messages are kept forever. */
  messageTtlSeconds: number | undefined
  /** The product's own data. Default: none. */
  data?: unknown
  clientChatId: string
}>

/** A group that the product's backend creates. */
export type EnsuredGroup = Omit<GroupInput, 'clientChatId'> &
  Readonly<{
    /** The backend's own key for the group, such as the number of an order. */
    key: string
    /** At least one. Owners are members, whether `memberIds` names them or not. */
    ownerIds: readonly UserId[]
  }>

/**
 * Returns the group that the product's backend created with the key, as it is now, or creates it.
 *
 * Errors: as `CreateGroup`, without CONFLICT; BAD_USER_INPUT – no owner.
 */
export type EnsureGroup = (group: EnsuredGroup) => Promise<Readonly<{ chatId: ChatId; created: boolean }>>

/**
 * Creates a group with its creator as owner. The same key returns the same group.
 *
 * Errors:
 * - NOT_FOUND – a member does not exist.
 * - CONFLICT – the creator used the key for another group.
 * - BAD_USER_INPUT – see `parseTitle`, `parseTtl`, `parseData` and `parseKey`; too many members.
 * - UNAVAILABLE – not confirmed in time; may be repeated with the same key.
 */
export type CreateGroup = (creatorId: UserId, input: GroupInput) => Promise<ChatId>

type Dependencies = Readonly<{
  store: GroupStore
  memberRules: MemberRules
  chatLog: ChatLog
  publish: Publish
}>

export type GroupCreator = Readonly<{ createGroup: CreateGroup; ensureGroup: EnsureGroup }>

export function createGroupCreator({ store, memberRules, chatLog, publish }: Dependencies): GroupCreator {
  async function findOrCreate(group: NewGroup): Promise<Group> {
    const created = await store.create(group)
    if (created !== undefined) return { chatId: group.chatId, createdAt: created.at }
    const first = await store.findCreated(group.creatorId, group.clientChatId)
    if (first === undefined) throw new Error('A group disappeared between two statements')
    const isRetry = isSystem(group.creatorId) || first.fingerprint.equals(group.fingerprint)
    if (!isRetry) throw keyConflict()
    return { chatId: first.chatId, createdAt: undefined }
  }

  const create = (group: NewGroup): Promise<Group> =>
    runDurableCommand({
      attempt: () => findOrCreate(group),
      events: {
        stored: ({ createdAt }) => (createdAt === undefined ? [] : [createdEvent(group, createdAt)]),
        async readBack({ chatId, createdAt }) {
          return createdAt === undefined ? chatLog.read({ chatId, afterSeq: 0, untilSeq: 1 }) : []
        },
        publish,
      },
      retry: FIVE_QUICK_ATTEMPTS,
      notConfirmed: changeNotConfirmed,
    })

  async function createChecked(group: NewGroup): Promise<Group> {
    memberRules.requireCapacityFor(group.memberIds.length)
    await memberRules.requireExisting(group.memberIds)
    return answerInTime(create(group), changeNotConfirmed)
  }

  return {
    createGroup: async (creatorId, { memberIds, ...settings }) => {
      const group = { ...settings, ownerIds: [creatorId], memberIds: [creatorId, ...memberIds] }
      return (await createChecked(toGroup(creatorId, group))).chatId
    },
    async ensureGroup({ key, ownerIds, memberIds, ...settings }) {
      if (ownerIds.length === 0) throw badInput('ownerIds is empty. Name at least one owner.')
      const group = { ...settings, clientChatId: key, ownerIds, memberIds: [...ownerIds, ...memberIds] }
      const { chatId, createdAt } = await createChecked(toGroup(SYSTEM_USER_ID, group))
      return { chatId, created: createdAt !== undefined }
    },
  }
}

/** `createdAt`: undefined if an earlier command, or an earlier attempt of this one, created it. */
type Group = Readonly<{ chatId: ChatId; createdAt: Date | undefined }>

function toGroup(creatorId: UserId, input: GroupInput & Pick<NewGroup, 'ownerIds'>): NewGroup {
  const title = parseTitle(input.title)
  const messageTtlSeconds = parseTtl(input.messageTtlSeconds ?? 0)
  const data = input.data === undefined ? null : parseData(input.data, 'chat')
  const memberIds = [...new Set(input.memberIds)].sort()
  return {
    chatId: newChatId(),
    creatorId,
    clientChatId: parseKey(isSystem(creatorId) ? 'key' : 'clientChatId', input.clientChatId),
    // A group without data keeps the digest that it had before there was data.
    fingerprint: fingerprintOf([
      title,
      messageTtlSeconds,
      memberIds,
      ...(data === null ? [] : [canonicalJson(data)]),
    ]),
    title,
    data,
    messageTtlSeconds,
    ownerIds: input.ownerIds,
    memberIds,
  }
}

function createdEvent({ chatId, creatorId, memberIds }: NewGroup, at: Date): ChatEvent {
  return { type: 'ChatUpdated', chatId, seq: 1, actorId: creatorId, at, joined: memberIds }
}

function keyConflict(): ParleyError {
  return new ParleyError(
    'CONFLICT',
    'You used this clientChatId for another group. Make a new one for each group.',
  )
}
