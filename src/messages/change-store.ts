import type { ChatId, MessageId, Seq, UserId } from '../ids.ts'
import type { Transaction } from '../store/sql/writer.ts'
import type { Message } from '../events/message.ts'

/** A message, and what the person who wants to change it is to it. */
export type MessageForActor = Message & Readonly<{ isVisible: boolean; isActorPresent: boolean }>

/** Reads and writes of one message, in a transaction that holds its chat's row locked. */
export type ChangeStore = Readonly<{
  find(tx: Transaction, id: MessageId, actorId: UserId): Promise<MessageForActor | undefined>
  setBody(tx: Transaction, id: MessageId, body: string, editedAt: Date): Promise<void>
  /** Takes the body, its digest and the reactions away; the message's place stays. */
  erase(tx: Transaction, id: MessageId, deletedAt: Date): Promise<void>
  /** Whether that changed anything. */
  addReaction(tx: Transaction, id: MessageId, userId: UserId, emoji: string): Promise<boolean>
  removeReaction(tx: Transaction, id: MessageId, userId: UserId, emoji: string): Promise<boolean>
  countReactions(tx: Transaction, id: MessageId, userId: UserId): Promise<number>
}>

// By the primary keys of messages and members; the chat's row lock holds others off.
const FIND = {
  name: 'message_change_find',
  text: `
    SELECT m.chat_id AS "chatId", m.seq, m.sender_id AS "senderId", m.client_message_id AS "clientMessageId", m.body,
      m.reply_to_seq AS "replyToSeq", m.sent_at AS "sentAt", m.edited_at AS "editedAt",
      m.deleted_at AS "deletedAt", m.expires_at AS "expiresAt",
      m.seq BETWEEN p.joined_seq AND COALESCE(p.left_seq, m.seq) OR p.earlier_stays @> m.seq AS "isVisible",
      p.left_seq IS NULL AS "isActorPresent"
    FROM messages m JOIN members p ON p.chat_id = m.chat_id AND p.user_id = $3
    WHERE m.chat_id = $1 AND m.seq = $2`,
}

export function createChangeStore(): ChangeStore {
  return {
    async find(tx, { chatId, seq }, actorId) {
      return (await tx.query<MessageForActor>(FIND, [chatId, seq, actorId]))[0]
    },
    async setBody(tx, id, body, editedAt) {
      await tx.prisma.message.update({ where: { chatId_seq: id }, data: { body, editedAt } })
    },
    async erase(tx, id, deletedAt) {
      await tx.prisma.message.update({
        where: { chatId_seq: id },
        data: { body: null, fingerprint: Buffer.of(), deletedAt },
      })
      await tx.prisma.reaction.deleteMany({ where: reactionsOf(id) })
    },
    async addReaction(tx, id, userId, emoji) {
      const data = [{ ...reactionsOf(id), userId, emoji }]
      return (await tx.prisma.reaction.createMany({ data, skipDuplicates: true })).count > 0
    },
    async removeReaction(tx, id, userId, emoji) {
      return (await tx.prisma.reaction.deleteMany({ where: { ...reactionsOf(id), userId, emoji } })).count > 0
    },
    countReactions: (tx, id, userId) => tx.prisma.reaction.count({ where: { ...reactionsOf(id), userId } }),
  }
}

function reactionsOf({ chatId, seq }: MessageId): { chatId: ChatId; messageSeq: Seq } {
  return { chatId, messageSeq: seq }
}
