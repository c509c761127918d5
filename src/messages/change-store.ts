import { Prisma } from '../store/generated/client.ts'
import type { ChatId, MessageId, Seq, UserId } from '../ids.ts'
import type { Transaction } from '../store/sql/transaction.ts'
import type { ReleaseAttachments } from '../media/sent-attachments.ts'
import type { Message } from '../events/message.ts'

/** A message, and the rights of the user who wants to change it. */
export type MessageForActor = Message & Readonly<{ isVisible: boolean; isActorPresent: boolean }>

/** Reads and writes one message. The transaction must hold the lock on its chat's row. */
export type ChangeStore = Readonly<{
  /** Returns undefined if the message does not exist, or the actor was never a member of its chat. */
  find(tx: Transaction, id: MessageId, actorId: UserId): Promise<MessageForActor | undefined>
  /** Returns any message that exists, for the product's backend. */
  findAny(tx: Transaction, id: MessageId): Promise<MessageForActor | undefined>
  setBody(tx: Transaction, id: MessageId, body: string, editedAt: Date): Promise<void>
  /**
   * Removes the body, its fingerprint, the type and data, the attachments and the reactions. The row remains, so
   * that the log has no gap.
   */
  erase(tx: Transaction, id: MessageId, deletedAt: Date): Promise<void>
  /** Returns whether the reaction was missing before. */
  addReaction(tx: Transaction, id: MessageId, userId: UserId, emoji: string): Promise<boolean>
  /** Returns whether there was such a reaction. */
  removeReaction(tx: Transaction, id: MessageId, userId: UserId, emoji: string): Promise<boolean>
  countReactions(tx: Transaction, id: MessageId, userId: UserId): Promise<number>
}>

// One row each by the primary keys of messages and members. Takes no lock: the transaction holds that of the chat's
// row.
const COLUMNS = `
  m.chat_id AS "chatId", m.seq, m.sender_id AS "senderId", m.client_message_id AS "clientMessageId", m.body,
  m.reply_to_seq AS "replyToSeq", m.sent_at AS "sentAt", m.edited_at AS "editedAt",
  m.deleted_at AS "deletedAt", m.expires_at AS "expiresAt", m.attachment_count AS "attachmentCount",
  m.type, m.data`
const FIND = {
  name: 'message_change_find',
  text: `
    SELECT ${COLUMNS},
      m.seq BETWEEN p.joined_seq AND COALESCE(p.left_seq, m.seq) OR p.earlier_stays @> m.seq AS "isVisible",
      p.left_seq IS NULL AS "isActorPresent"
    FROM messages m JOIN members p ON p.chat_id = m.chat_id AND p.user_id = $3
    WHERE m.chat_id = $1 AND m.seq = $2`,
}

// One row by the primary key of messages. Takes no lock: the transaction holds that of the chat's row.
const FIND_ANY = {
  name: 'message_change_find_any',
  text: `
    SELECT ${COLUMNS}, true AS "isVisible", true AS "isActorPresent" FROM messages m
    WHERE m.chat_id = $1 AND m.seq = $2`,
}

export function createChangeStore(releaseAttachments: ReleaseAttachments): ChangeStore {
  return {
    async find(tx, { chatId, seq }, actorId) {
      return (await tx.query<MessageForActor>(FIND, [chatId, seq, actorId]))[0]
    },
    async findAny(tx, { chatId, seq }) {
      return (await tx.query<MessageForActor>(FIND_ANY, [chatId, seq]))[0]
    },
    async setBody(tx, id, body, editedAt) {
      await tx.prisma.message.update({ where: { chatId_seq: id }, data: { body, editedAt } })
    },
    async erase(tx, id, deletedAt) {
      await tx.prisma.message.update({
        where: { chatId_seq: id },
        data: {
          body: null,
          type: null,
          data: Prisma.DbNull,
          fingerprint: Buffer.of(),
          attachmentCount: 0,
          deletedAt,
        },
      })
      await releaseAttachments(tx, id)
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
