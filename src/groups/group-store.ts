import type { MemberRole } from '../events/chat.ts'
import type { ChatId, Seq, UserId } from '../ids.ts'
import type { Transaction, Writer } from '../store/sql/writer.ts'

/** A group that is to be made. `memberIds` are all of its people, the creator among them. */
export type NewGroup = Readonly<{
  chatId: ChatId
  creatorId: UserId
  clientChatId: string
  fingerprint: Buffer
  title: string
  messageTtlSeconds: number | null
  memberIds: readonly UserId[]
}>

/** A group that was made under a key. */
export type CreatedGroup = Readonly<{ chatId: ChatId; fingerprint: Buffer }>

export type Successor = Readonly<{ userId: UserId; role: MemberRole }>

/** Where in a chat's log something happens, and when. */
export type Place = Readonly<{ chatId: ChatId; seq: Seq; at: Date }>

/** All but the first two need the chat's row locked by the transaction. */
export type GroupStore = Readonly<{
  /** Makes the group with the first event of its log; undefined, and nothing made, where the key was used. */
  create(group: NewGroup): Promise<Readonly<{ at: Date }> | undefined>
  /** Where this answers with a group, that is as durable as a commit of this moment: see `FIND_CREATED`. */
  findCreated(creatorId: UserId, clientChatId: string): Promise<CreatedGroup | undefined>
  /** Who of these people is a member now. */
  findPresent(tx: Transaction, chatId: ChatId, userIds: readonly UserId[]): Promise<readonly UserId[]>
  /** Of the present members but one: the highest in role, of several the one who has been there longest. */
  findSuccessor(tx: Transaction, chatId: ChatId, exceptId: UserId): Promise<Successor | undefined>
  /** Lets them in, in their order: the first at `place.seq`, and each of the others one later. None is present yet. */
  add(tx: Transaction, place: Place, userIds: readonly UserId[]): Promise<void>
  /** Ends the stay of a present member at `place.seq`. */
  remove(tx: Transaction, place: Place, userId: UserId): Promise<void>
  setRole(tx: Transaction, chatId: ChatId, userId: UserId, role: MemberRole): Promise<void>
}>

// One statement, so that a group without members is never seen. Whoever loses the race for the key inserts nothing.
const CREATE = {
  name: 'group_create',
  text: `
    WITH created AS (
      INSERT INTO created_groups (creator_id, client_chat_id, chat_id, fingerprint) VALUES ($2, $3, $1, $4)
      ON CONFLICT DO NOTHING RETURNING chat_id
    ), chat AS (
      INSERT INTO chats (id, kind, title, creator_id, head_seq, members_seq, member_count, message_ttl_seconds)
      SELECT chat_id, 'GROUP', $5, $2, 1, 1, cardinality($7::text[]), $6 FROM created RETURNING id, created_at
    ), people AS (
      INSERT INTO members (chat_id, user_id, role)
      SELECT chat.id, person.id, CASE WHEN person.id = $2 THEN 'OWNER' ELSE 'MEMBER' END::"MemberRole"
      FROM chat, unnest($7::text[]) AS person(id)
    )
    INSERT INTO chat_events (chat_id, seq, type, at, actor_id)
    SELECT id, 1, 'CHAT_UPDATED', created_at, $2 FROM chat
    RETURNING at`,
}

// One row by its primary key, which nobody else waits for. The lock is written to the server's log behind the commit
// that made the group: so this one's is done when the standby has it, also where whoever made the group was told that
// this is not known.
const FIND_CREATED = {
  name: 'group_find_created',
  text: `
    SELECT chat_id AS "chatId", fingerprint FROM created_groups WHERE creator_id = $1 AND client_chat_id = $2
    FOR NO KEY UPDATE`,
}

// By the primary key of one chat's members.
const FIND_PRESENT = {
  name: 'group_present_of',
  text: `
    SELECT user_id AS "userId" FROM members
    WHERE chat_id = $1 AND user_id = ANY ($2::text[]) AND left_seq IS NULL`,
}

// All present members of one chat, by the primary key. Roles are declared from the highest to the lowest.
const FIND_SUCCESSOR = {
  name: 'group_heir',
  text: `
    SELECT user_id AS "userId", role FROM members
    WHERE chat_id = $1 AND user_id <> $2 AND left_seq IS NULL
    ORDER BY role, joined_seq, user_id LIMIT 1`,
}

// Inserts one member for each person, or locks and updates theirs if they have been there before, and updates the
// chat's row. What was said while they were away doesn't concern them, so their watermarks start where they come in.
const ADD = {
  name: 'group_add',
  text: `
    WITH person AS (
      SELECT id, $2::int + ordinal::int - 1 AS seq FROM unnest($4::text[]) WITH ORDINALITY AS p(id, ordinal)
    ), chat AS (
      UPDATE chats SET member_count = member_count + cardinality($4::text[]), members_seq = (SELECT max(seq) FROM person)
      WHERE id = $1
    )
    INSERT INTO members AS m (chat_id, user_id, joined_at, joined_seq, delivered_seq, read_seq)
    SELECT $1, id, $3, seq, seq - 1, seq - 1 FROM person ORDER BY id
    ON CONFLICT (chat_id, user_id) DO UPDATE SET
      role = 'MEMBER', joined_at = EXCLUDED.joined_at, joined_seq = EXCLUDED.joined_seq,
      earlier_stays = m.earlier_stays + int4multirange(int4range(m.joined_seq, m.left_seq, '[]')),
      left_at = NULL, left_seq = NULL, left_title = NULL, left_member_count = NULL, left_message_ttl_seconds = NULL,
      delivered_seq = EXCLUDED.delivered_seq, read_seq = EXCLUDED.read_seq`,
}

// Updates the chat's row and one member's, by their primary keys.
const REMOVE = {
  name: 'group_remove',
  text: `
    WITH chat AS (
      UPDATE chats SET member_count = member_count - 1, members_seq = $2 WHERE id = $1
      RETURNING title, member_count, message_ttl_seconds
    )
    UPDATE members SET left_seq = $2, left_at = $3, left_title = chat.title, left_member_count = chat.member_count,
      left_message_ttl_seconds = chat.message_ttl_seconds
    FROM chat WHERE chat_id = $1 AND user_id = $4`,
}

export function createGroupStore({ writer }: { writer: Writer }): GroupStore {
  return {
    async create({ chatId, creatorId, clientChatId, fingerprint, title, messageTtlSeconds, memberIds }) {
      const key = [chatId, creatorId, clientChatId, fingerprint]
      return (await writer.query<{ at: Date }>(CREATE, [...key, title, messageTtlSeconds, memberIds]))[0]
    },

    async findCreated(creatorId, clientChatId) {
      return (await writer.query<CreatedGroup>(FIND_CREATED, [creatorId, clientChatId]))[0]
    },

    async findPresent(tx, chatId, userIds) {
      const rows = await tx.query<{ userId: UserId }>(FIND_PRESENT, [chatId, userIds])
      return rows.map((row) => row.userId)
    },

    async findSuccessor(tx, chatId, exceptId) {
      return (await tx.query<Successor>(FIND_SUCCESSOR, [chatId, exceptId]))[0]
    },

    async add(tx, { chatId, seq, at }, userIds) {
      await tx.query(ADD, [chatId, seq, at, userIds])
    },

    async remove(tx, { chatId, seq, at }, userId) {
      await tx.query(REMOVE, [chatId, seq, at, userId])
    },

    async setRole(tx, chatId, userId, role) {
      const where = { chatId_userId: { chatId, userId } }
      await tx.prisma.member.update({ where, data: { role } })
    },
  }
}
