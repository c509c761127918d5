import type { Services } from '../../../src/api/services.ts'
import type { Chat, ChatView, Member, ViewedMember, WatermarkKey } from '../../../src/events/chat.ts'
import type { LiveSink } from '../../../src/delivery/live-source.ts'
import { openLiveStream, type LiveStream } from '../../../src/delivery/live-stream.ts'
import type { Message, Reaction } from '../../../src/events/message.ts'
import type { Presence } from '../../../src/events/presence-state.ts'
import type { Attachment } from '../../../src/events/attachment.ts'
import { createMediaLinks } from '../../../src/media/media-links.ts'
import type { AttachmentId, ChatId, MemberId, MessageId, UserId } from '../../../src/ids.ts'
import { alice, bob, sent } from '../../harness/fixtures/chat-events.ts'

const AT = new Date('2026-11-23T09:00:00.000Z')

const KEY = Buffer.alloc(32, 7)
const FILE: Attachment = {
  id: '01900000-0000-7000-8000-00000000000f' as AttachmentId,
  kind: 'IMAGE',
  fileName: 'sea.jpg',
  contentType: 'image/jpeg',
  byteSize: 1,
  width: 4,
  height: 3,
  thumbhash: 'aGFzaA==',
  hasThumbnails: true,
}

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
      createdAt: AT,
      lastActivityAt: new Date(AT.getTime() + n),
    }
    return { chat, member: member(viewerId, { chatId: id, userId: viewerId }) }
  }

  const message = ({ chatId, seq }: MessageId): Message => ({ ...sent('tea', seq).message, chatId })
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

  const services = {
    users: {
      findMany: async (ids: readonly UserId[]) =>
        ids.map((id) =>
          numberOf(id) % 10 === 0 ? undefined : { id, name: `name of ${id}`, avatarUrl: null },
        ),
    },
    chats: {
      findMany: async (viewerId: UserId, ids: readonly ChatId[]) =>
        ids.map((id) => (numberOf(viewerId, id, 'known') % 5 === 0 ? undefined : view(viewerId, id))),
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
      list: async ({ chat }: ChatView) => [1, 2].map((seq) => message({ chatId: chat.id, seq })),
    },
    attachments: { ofMessages: async (ids: readonly MessageId[]) => ids.map(attachments) },
    mediaLinks: createMediaLinks(() => KEY),
    chatLog: { readPeriods: async () => [sent('tea', 1), sent('tea', 2)] },
    presence: {
      find: async (viewerId: UserId, ids: readonly UserId[]) => ids.map((id) => presence(viewerId, id)),
    },
    operationAdmission: { admit: () => undefined },
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
