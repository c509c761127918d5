import type { Services } from '../../../src/api/services.ts'
import type { Chat, ChatView, Member, ViewedMember, WatermarkKey } from '../../../src/events/chat.ts'
import type { LiveSink } from '../../../src/delivery/live-source.ts'
import { openLiveStream, type LiveStream } from '../../../src/delivery/live-stream.ts'
import type { Message, Reaction } from '../../../src/events/message.ts'
import type { Presence } from '../../../src/events/presence-state.ts'
import type { Attachment } from '../../../src/events/attachment.ts'
import type { User } from '../../../src/users/user.ts'
import { createMediaLinks } from '../../../src/media/media-links.ts'
import type { AttachmentId, ChatId, MemberId, MessageId, UserId } from '../../../src/ids.ts'
import { alice, bob, chatId, sent } from '../../harness/fixtures/chat-events.ts'

const AT = new Date('2026-11-23T09:00:00.000Z')

const KEY = Buffer.alloc(32, 7)
const FILE: Attachment = {
  id: '01900000-0000-7000-8000-00000000000f' as AttachmentId,
  kind: 'IMAGE',
  fileName: 'sea.jpg',
  altText: 'The sea',
  contentType: 'image/jpeg',
  byteSize: 1,
  width: 4,
  height: 3,
  thumbhash: 'aGFzaA==',
  hasThumbnails: true,
}

const BODIES = ['', 'plain', 'a "quote" \\ \n \u0001', '\ud800 alone', '👩‍🚀 é', null, '\u2028</script>']
const PAGE_LENGTHS = [0, 1, 3, 4]
/** Of one of them there is no user. */
const SENDERS = ['alice', 'bob', 'carol', 'dave', 'ursula'].map((id) => id as UserId)

/** A small number that depends on all of the parts. */
function numberOf(...parts: readonly unknown[]): number {
  const text = JSON.stringify(parts)
  return Array.from(text).reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 997, 7)
}

/**
 * Services whose answers depend on nothing but their arguments. Whatever may differ between two viewers does: the view
 * of a chat, memberships, counts and presence. `opened` has the streams of inboxes by viewer.
 */
export function createViewerWorld() {
  const opened = new Map<UserId, LiveStream>()

  function member(viewerId: UserId, { chatId, userId }: MemberId): ViewedMember {
    const n = numberOf(viewerId, chatId, userId)
    const readSeq = n % 50
    return {
      viewerId,
      chatId,
      userId,
      role: (['OWNER', 'ADMIN', 'MEMBER'] as const)[n % 3] ?? 'MEMBER',
      joinedAt: AT,
      joinedSeq: n % 20,
      leftAt: n % 4 === 0 ? AT : null,
      leftSeq: n % 4 === 0 ? 1_000 + n : null,
      earlierPeriods: [],
      deliveredSeq: readSeq + 1,
      readSeq,
      isPast: n % 2 === 0,
    }
  }

  function view(viewerId: UserId, id: ChatId): ChatView {
    const n = numberOf(viewerId, id)
    const chat: Chat = {
      id,
      kind: 'GROUP',
      title: `title for ${viewerId}`,
      creatorId: alice,
      headSeq: 2_000_000_000 + n,
      memberCount: n,
      messageTtlSeconds: n % 2 === 0 ? null : n,
      data: n % 3 === 0 ? null : { viewer: viewerId },
      createdAt: AT,
      lastActivityAt: new Date(AT.getTime() + n),
      deletedAt: null,
    }
    return { chat, member: member(viewerId, { chatId: id, userId: viewerId }) }
  }

  const message = ({ chatId, seq }: MessageId): Message => {
    const custom = seq % 3 === 0 ? {} : { type: `type ${seq}`, data: { seq, list: [null, 'text'] } }
    return { ...sent('tea', seq).message, ...custom, chatId }
  }
  const reactions = ({ seq }: MessageId): readonly Reaction[] =>
    seq % 2 === 0 ? [] : [{ emoji: '👍', userIds: [alice, bob] }]
  const attachments = ({ seq }: MessageId): readonly Attachment[] =>
    seq % 2 === 0 ? [] : [{ ...FILE, byteSize: seq, hasThumbnails: seq % 3 === 0 }]
  const members = ({ chat, member: own }: ChatView): readonly Member[] => [
    own,
    member(own.userId, { chatId: chat.id, userId: bob }),
  ]
  const presence = (viewerId: UserId, userId: UserId): Presence | null => {
    const n = numberOf(viewerId, userId)
    return n % 3 === 0 ? null : { userId, online: n % 2 === 0, lastSeenAt: AT }
  }

  const user = (id: UserId): User | undefined =>
    numberOf(id) % 10 === 0 ? undefined : { id, name: `name "of" ${id}`, avatarUrl: null, data: { id } }
  const known = (viewerId: UserId, id: ChatId): ChatView | undefined =>
    numberOf(viewerId, id, 'known') % 5 === 0 ? undefined : view(viewerId, id)

  /** Differs from others in everything that may be missing. */
  function anyMessage({ chatId: id, seq }: MessageId): Message {
    const n = numberOf(id, seq)
    const senderId = SENDERS[n % SENDERS.length] as UserId
    return {
      ...message({ chatId: id, seq }),
      senderId,
      body: BODIES[n % BODIES.length] ?? null,
      attachmentCount: n % 2,
      replyToSeq: n % 3 === 0 ? n % 60 : null,
      editedAt: n % 2 === 0 ? AT : null,
      expiresAt: n % 5 === 0 ? new Date(AT.getTime() + (n % 2 === 0 ? -1 : 1)) : null,
      ...(n % 7 === 0 && { isConcealed: true as const }),
    }
  }

  const services = {
    users: {
      findMany: async (ids: readonly UserId[]) => ids.map(user),
      // One in two is remembered.
      recent: (id: UserId) => (numberOf(id, 'recent') % 2 === 0 ? user(id) : undefined),
    },
    chats: {
      findMany: async (viewerId: UserId, ids: readonly ChatId[]) => ids.map((id) => known(viewerId, id)),
      find: async (viewerId: UserId, id: ChatId) => known(viewerId, id),
      list: async (viewerId: UserId) => [chatId('tea'), chatId('milk')].map((id) => view(viewerId, id)),
      findListed: async (viewerId: UserId, ids: readonly MemberId[]) => ids.map((id) => member(viewerId, id)),
      members: async (of: ChatView) => members(of),
      memberships: async (viewerId: UserId, ids: readonly MemberId[]) =>
        ids.map((id) => member(viewerId, id)),
      lowestWatermarks: async (keys: readonly WatermarkKey[]) =>
        keys.map((key) => ({ ...key, deliveredSeq: numberOf(key.chatId) * 1_000_000, readSeq: 5 })),
    },
    messages: {
      findMany: async (ids: readonly MessageId[]) => ids.map(message),
      newest: async (views: readonly ChatView[]) =>
        views.map(({ chat, member: own }) => message({ chatId: chat.id, seq: own.readSeq })),
      countUnread: async (views: readonly ChatView[]) => views.map(({ member: own }) => own.readSeq),
      reactions: async (ids: readonly MessageId[]) => ids.map(reactions),
      list: async ({ chat }: ChatView) =>
        Array.from({ length: PAGE_LENGTHS[numberOf(chat.id, 'page') % 4] ?? 0 }, (_, index) =>
          anyMessage({ chatId: chat.id, seq: index + 1 }),
        ),
    },
    attachments: {
      ofMessages: async (ids: readonly MessageId[]) => ids.map(attachments),
      findMany: async (ids: readonly AttachmentId[]) => ids.map(() => undefined),
    },
    mediaLinks: createMediaLinks(() => KEY),
    chatLog: { readPeriods: async () => [sent('tea', 1), sent('tea', 2)] },
    presence: {
      find: async (viewerId: UserId, ids: readonly UserId[]) => ids.map((id) => presence(viewerId, id)),
      acquaintances: async (_: UserId, ids: readonly UserId[]) => new Set(ids),
    },
    operationAdmission: { admit: () => undefined, admitStrangers: () => undefined },
    inbox: {
      open({ viewerId, sink }: Readonly<{ viewerId: UserId; sink?: LiveSink }>): LiveStream {
        const stream = openLiveStream({
          // oxlint-disable-next-line require-yield -- Nothing is replayed.
          async *phases() {
            return () => 'deliver'
          },
          sink,
          onClose: () => undefined,
          onOverflow: () => undefined,
        })
        opened.set(viewerId, stream)
        return stream
      },
    },
  }
  return { services: services as unknown as Services, opened }
}
