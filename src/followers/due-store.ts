import { isExpired, kindOf, type Message } from '../events/message.ts'
import type { ChatId, DeviceId, Seq, UserId } from '../ids.ts'
import type { Statement } from '../store/sql/statement.ts'
import type { Writer } from '../store/sql/writer.ts'

/**
 * Why a message is due to a device, or is not:
 * - `DUE`: the device has not acknowledged it, and its person has not read it on any device
 * - `ACKNOWLEDGED`: the device has it
 * - `READ`: the person has read it
 * - `SENDER`: the person has sent it
 * - `NOT_A_MEMBER`: the person joined after it, or is no member any more
 * - `DEACTIVATED`: the person may not sign in
 * - `MUTED`: the person wants no notifications of the chat
 */
export type DueReason = 'DUE' | 'ACKNOWLEDGED' | 'READ' | 'SENDER' | 'NOT_A_MEMBER' | 'DEACTIVATED' | 'MUTED'

/** A device of a person who is or was a member. `deviceId` is null once for a person without any device. */
export type DueDecision = Readonly<{ userId: UserId; deviceId: DeviceId | null; reason: DueReason }>

/** A sent message, as the rule needs it. */
export type DueMessage = Readonly<{ chatId: ChatId; seq: Seq; senderId: UserId }>

/** Returns whether a message can be due to a device at `nowMs`: system messages are never unread. */
export function canBeDue(message: Message, nowMs: number): boolean {
  return kindOf(message) !== 'SYSTEM' && message.deletedAt === null && !isExpired(message, nowMs)
}

export type DueStore = Readonly<{
  /** Returns the devices that the message is due to, in order of user and device. */
  due(message: DueMessage): Promise<readonly DueDecision[]>
  /** As `due`, for people with a target of push messages. */
  dueToTargets(message: DueMessage): Promise<readonly DueDecision[]>
  /** Returns the decision for each device of one member. */
  ofMember(message: DueMessage, userId: UserId): Promise<readonly DueDecision[]>
  /** Returns the decision for each device of each member, in the same order. */
  explain(message: DueMessage): Promise<readonly DueDecision[]>
}>

/** The most devices of a person: those that were seen last. A position belongs to at most as many. */
const MAX_DEVICES = 100

// The members of one chat by the primary key of members. For each of them the primary key of users, and that of devices
// by its first column. Takes no lock. The acknowledged seq is a scalar subquery on purpose: the planner would join
// positions by the chat alone.
const decisionsOf = (members: string): string => `
    SELECT m.user_id AS "userId", d.device_id AS "deviceId", CASE
      WHEN m.user_id = $3 THEN 'SENDER'
      WHEN m.left_seq IS NOT NULL OR m.joined_seq > $2 AND NOT m.earlier_stays @> $2::int THEN 'NOT_A_MEMBER'
      WHEN u.deactivated_at IS NOT NULL THEN 'DEACTIVATED'
      WHEN m.read_seq >= $2 THEN 'READ'
      WHEN (
        SELECT p.acked_seq FROM device_positions p
        WHERE p.chat_id = m.chat_id AND p.user_id = m.user_id AND p.device_id = d.device_id
      ) >= $2 THEN 'ACKNOWLEDGED'
      WHEN m.is_muted AND COALESCE(m.muted_until > clock_timestamp(), true) THEN 'MUTED'
      ELSE 'DUE'
    END AS reason
    FROM members m
      JOIN users u ON u.id = m.user_id
      LEFT JOIN LATERAL (
        SELECT o.device_id FROM devices o WHERE o.user_id = m.user_id ORDER BY o.last_seen_at DESC LIMIT ${MAX_DEVICES}
      ) d ON true
    WHERE m.chat_id = $1 ${members}
    ORDER BY m.user_id, d.device_id`

// The condition leaves out most members of a chat that is read before their devices are looked up.
const DUE: Statement = {
  name: 'message_due',
  text: decisionsOf('AND m.read_seq < $2 AND m.left_seq IS NULL'),
}
// As above, and for each member who is left a range of the primary key of push_targets.
const DUE_TO_TARGETS: Statement = {
  name: 'message_due_to_targets',
  text: decisionsOf(
    'AND m.read_seq < $2 AND m.left_seq IS NULL AND (SELECT true FROM push_targets t WHERE t.user_id = m.user_id LIMIT 1)',
  ),
}
const OF_MEMBER: Statement = { name: 'message_due_of_member', text: decisionsOf('AND m.user_id = $4') }
const EXPLAIN: Statement = { name: 'message_due_explained', text: decisionsOf('') }

/**
 * The rule of what is due, for everything that reaches people who are away. Reads the primary: a replica that is behind
 * would report what a device has acknowledged since.
 */
export function createDueStore({ writer }: { writer: Pick<Writer, 'query'> }): DueStore {
  const valuesOf = ({ chatId, seq, senderId }: DueMessage): unknown[] => [chatId, seq, senderId]
  async function dueBy(statement: Statement, message: DueMessage): Promise<readonly DueDecision[]> {
    const all = await writer.query<DueDecision>(statement, valuesOf(message))
    return all.filter(({ reason }) => reason === 'DUE')
  }

  return {
    due: (message) => dueBy(DUE, message),
    dueToTargets: (message) => dueBy(DUE_TO_TARGETS, message),
    ofMember: (message, userId) => writer.query<DueDecision>(OF_MEMBER, [...valuesOf(message), userId]),
    explain: (message) => writer.query<DueDecision>(EXPLAIN, valuesOf(message)),
  }
}
