import type { ChatId, DeviceId, MessageId, Seq, UserId } from '../../ids.ts'
import type { Statement } from '../../store/sql/statement.ts'
import type { Writer } from '../../store/sql/writer.ts'
import { PLANNER } from './push-store.ts'
import type { PushProviderName } from './push-target.ts'

/** A target of a device, or a push to it, or both. */
export type TracedDevice = Readonly<{
  userId: UserId
  deviceId: DeviceId
  /** The provider of the present target. Null: none. */
  target: PushProviderName | null
  sentSeq: Seq
  /** The newest message that may have been sent. */
  attemptedSeq: Seq
  sentAt: Date | null
  isShown: boolean
  withdrawnAt: Date | null
  refusedSeq: Seq
  attempts: number
  retryAt: Date | null
  lastError: string | null
  /** When the mark of the member is due. Null: nothing waits. */
  dueAt: Date | null
}>

export type TracedMessage = Readonly<{
  chatId: ChatId
  seq: Seq
  senderId: UserId
  sentAt: Date
  deletedAt: Date | null
  expiresAt: Date | null
}>

export type TraceStore = Readonly<{
  message(id: MessageId): Promise<TracedMessage | undefined>
  devices(chatId: ChatId): Promise<readonly TracedDevice[]>
  /** Returns whether messages are planned: push is on. */
  isOn(): Promise<boolean>
}>

// The members of one chat by the primary key of members. For each of them ranges of push_targets, pushes and chat_marks
// by their primary keys.
const DEVICES: Statement = {
  name: 'push_trace',
  text: `
    SELECT m.user_id AS "userId", d.device_id AS "deviceId", d.target, COALESCE(d.sent_seq, 0) AS "sentSeq",
      COALESCE(GREATEST(d.sent_seq, d.attempted_seq), 0) AS "attemptedSeq", d.sent_at AS "sentAt", COALESCE(d.is_shown, false) AS "isShown", d.withdrawn_at AS "withdrawnAt",
      COALESCE(d.refused_seq, 0) AS "refusedSeq", COALESCE(d.attempts, 0) AS attempts, d.retry_at AS "retryAt",
      d.last_error AS "lastError", (
        SELECT k.due_at FROM chat_marks k
        WHERE k.chat_id = $1 AND k.user_id = m.user_id AND k.follower_id = 'push/' || lower(d.target::text)
      ) AS "dueAt"
    FROM members m CROSS JOIN LATERAL (
      SELECT COALESCE(t.device_id, p.device_id) AS device_id, t.provider AS target, p.sent_seq, p.attempted_seq, p.sent_at, p.is_shown,
        p.withdrawn_at, p.refused_seq, p.attempts, p.retry_at, p.last_error
      FROM (SELECT * FROM push_targets o WHERE o.user_id = m.user_id) t
        FULL JOIN (SELECT * FROM pushes o WHERE o.chat_id = $1 AND o.user_id = m.user_id) p
          ON p.device_id = t.device_id
    ) d
    WHERE m.chat_id = $1
    ORDER BY m.user_id, d.device_id`,
}

// One row of messages by its primary key.
const MESSAGE: Statement = {
  name: 'push_trace_message',
  text: `
    SELECT chat_id AS "chatId", seq, sender_id AS "senderId", sent_at AS "sentAt", deleted_at AS "deletedAt",
      expires_at AS "expiresAt"
    FROM messages WHERE chat_id = $1 AND seq = $2`,
}

export function createTraceStore({ writer }: { writer: Pick<Writer, 'query' | 'prisma'> }): TraceStore {
  const { prisma } = writer
  return {
    async message({ chatId, seq }) {
      return (await writer.query<TracedMessage>(MESSAGE, [chatId, seq]))[0]
    },
    devices: (chatId) => writer.query<TracedDevice>(DEVICES, [chatId]),
    async isOn() {
      return (await prisma.follower.findUnique({ where: { id: PLANNER } })) !== null
    },
  }
}
