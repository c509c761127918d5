import { createHash } from 'node:crypto'
import { parseTitle, parseTtl } from '../chats/chat-input.ts'
import type { ChatLog } from '../chats/chat-log.ts'
import type { Publish } from '../chats/durable-change.ts'
import type { ChatEvent } from '../events/chat-event.ts'
import { ParleyError } from '../errors.ts'
import { type ChatId, newChatId, type UserId } from '../ids.ts'
import { parseKey } from '../chats/client-key.ts'
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
  clientChatId: string
}>

/**
 * Creates a group with its creator as owner. The same key returns the same group.
 *
 * Errors:
 * - NOT_FOUND – a member does not exist.
 * - CONFLICT – the creator used the key for another group.
 * - BAD_USER_INPUT – see `parseTitle`, `parseTtl` and `parseKey`; too many members.
 * - UNAVAILABLE – not confirmed in time; may be repeated with the same key.
 */
export type CreateGroup = (creatorId: UserId, input: GroupInput) => Promise<ChatId>

type Dependencies = Readonly<{
  store: GroupStore
  memberRules: MemberRules
  chatLog: ChatLog
  publish: Publish
}>

export function createGroupCreator({ store, memberRules, chatLog, publish }: Dependencies): CreateGroup {
  async function findOrCreate(group: NewGroup): Promise<Group> {
    const created = await store.create(group)
    if (created !== undefined) return { chatId: group.chatId, createdAt: created.at }
    const first = await store.findCreated(group.creatorId, group.clientChatId)
    if (first === undefined) throw new Error('A group disappeared between two statements')
    if (!first.fingerprint.equals(group.fingerprint)) throw keyConflict()
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

  return async (creatorId, input) => {
    const group = toGroup(creatorId, input)
    memberRules.requireCapacityFor(group.memberIds.length)
    await memberRules.requireExisting(group.memberIds)
    return (await answerInTime(create(group), changeNotConfirmed)).chatId
  }
}

/** `createdAt`: undefined if an earlier command, or an earlier attempt of this one, created it. */
type Group = Readonly<{ chatId: ChatId; createdAt: Date | undefined }>

function toGroup(creatorId: UserId, input: GroupInput): NewGroup {
  const title = parseTitle(input.title)
  const messageTtlSeconds = parseTtl(input.messageTtlSeconds ?? 0)
  const memberIds = [...new Set([creatorId, ...input.memberIds])].sort()
  return {
    chatId: newChatId(),
    creatorId,
    clientChatId: parseKey('clientChatId', input.clientChatId),
    fingerprint: digest([title, messageTtlSeconds, memberIds]),
    title,
    messageTtlSeconds,
    memberIds,
  }
}

/** Returns a 128-bit digest of the content. It distinguishes a retry from another group with the same key. */
function digest(content: unknown): Buffer {
  return createHash('sha256').update(JSON.stringify(content)).digest().subarray(0, 16)
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
