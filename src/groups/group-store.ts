import type { MemberRole } from '../events/chat.ts'
import type { ChatId, Seq, UserId } from '../ids.ts'
import type { JsonObject } from '../lib/bounded-json.ts'
import type { Transaction } from '../store/sql/transaction.ts'
import type { Writer } from '../store/sql/writer.ts'

/** A group that does not exist yet. `memberIds` includes the owners. */
export type NewGroup = Readonly<{
  chatId: ChatId
  creatorId: UserId
  clientChatId: string
  fingerprint: Buffer
  title: string
  data: JsonObject | null
  messageTtlSeconds: number | null
  ownerIds: readonly UserId[]
  memberIds: readonly UserId[]
}>

/** The group that was created with a key. */
export type CreatedGroup = Readonly<{ chatId: ChatId; fingerprint: Buffer }>

/** The member who becomes the owner when the last owner leaves. */
export type Successor = Readonly<{ userId: UserId; role: MemberRole }>

/** A present member and their role. */
export type PresentMember = Readonly<{ userId: UserId; role: MemberRole }>

/** The place of an event in a chat's log, and its time. */
export type EventPlace = Readonly<{ chatId: ChatId; seq: Seq; at: Date }>

/** For methods that take a transaction: it must hold the lock on the chat's row. */
/** A key with which the product's backend changes members, and a digest of the change. */
export type MemberChangeKey = Readonly<{ chatId: ChatId; key: string; at: Date; fingerprint: Buffer }>

/** `conflict`: the key was used for another change. */
export type KeyClaim = 'new' | 'repeated' | 'conflict'

export type GroupStore = Readonly<{
  /** Creates the group and the first event of its log. Returns undefined and creates nothing if the key was used. */
  create(group: NewGroup): Promise<Readonly<{ at: Date }> | undefined>
  /**
   * Returns the group that was created with a key, or undefined. When this resolves, the group that it returns is as
   * durable as a commit of its own: see `FIND_CREATED`.
   */
  findCreated(creatorId: UserId, clientChatId: string): Promise<CreatedGroup | undefined>
  /** Returns those of the users who are present members. */
  findPresent(tx: Transaction, chatId: ChatId, userIds: readonly UserId[]): Promise<readonly UserId[]>
  /** Returns those of the users who exist. */
  findExisting(tx: Transaction, userIds: readonly UserId[]): Promise<ReadonlySet<UserId>>
  /** Returns all present members by user. */
  presentMembers(tx: Transaction, chatId: ChatId): Promise<ReadonlyMap<UserId, PresentMember>>
  /** Records the key of an update of members, unless the chat has it already. The caller holds the lock of the chat. */
  claimKey(tx: Transaction, key: MemberChangeKey): Promise<KeyClaim>
  /** Returns the present member other than `exceptId` with the highest role; of several, the earliest to join. */
  findSuccessor(tx: Transaction, chatId: ChatId, exceptId: UserId): Promise<Successor | undefined>
  /** Adds members: the first joins at `place.seq`, each other one seq later. None of them may be a present member. */
  add(tx: Transaction, place: EventPlace, userIds: readonly UserId[]): Promise<void>
  /** Ends the membership period of a present member at `place.seq`. */
  remove(tx: Transaction, place: EventPlace, userId: UserId): Promise<void>
  setRole(tx: Transaction, chatId: ChatId, userId: UserId, role: MemberRole): Promise<void>
}>

// Inserts into created_groups, chats, members and chat_events, in this order. Two concurrent calls wait for each other
// only at the primary key of created_groups: the second inserts nothing. One statement, so that no reader sees a group
// without members.
const CREATE = {
  name: 'group_create',
  text: `
    WITH created AS (
      INSERT INTO created_groups (creator_id, client_chat_id, chat_id, fingerprint) VALUES ($2, $3, $1, $4)
      ON CONFLICT DO NOTHING RETURNING chat_id
    ), chat AS (
      INSERT INTO chats (id, kind, title, creator_id, head_seq, members_seq, member_count, message_ttl_seconds, data)
      SELECT chat_id, 'GROUP', $5, $2, 1, 1, cardinality($7::text[]), $6, $9::json FROM created RETURNING id, created_at
    ), added AS (
      INSERT INTO members (chat_id, user_id, role)
      SELECT chat.id, member.id, CASE WHEN member.id = ANY($8::text[]) THEN 'OWNER' ELSE 'MEMBER' END::"MemberRole"
      FROM chat, unnest($7::text[]) AS member(id)
    )
    INSERT INTO chat_events (chat_id, seq, type, at, actor_id)
    SELECT id, 1, 'CHAT_UPDATED', created_at, $2 FROM chat
    RETURNING at`,
}

// Locks one row of created_groups, by its primary key. The lock makes this statement write to the server's log, after
// the commit that created the group. So with a synchronous standby this commit confirms that one, even if its own
// confirmation was lost. No other statement waits for the row.
const FIND_CREATED = {
  name: 'group_find_created',
  text: `
    SELECT chat_id AS "chatId", fingerprint FROM created_groups WHERE creator_id = $1 AND client_chat_id = $2
    FOR NO KEY UPDATE`,
}

// Rows of one chat by the primary key of members. Takes no lock: the transaction holds that of the chat's row.
const FIND_PRESENT = {
  name: 'group_find_present',
  text: `
    SELECT user_id AS "userId" FROM members
    WHERE chat_id = $1 AND user_id = ANY ($2::text[]) AND left_seq IS NULL`,
}

// Updates the chat's row, which the transaction has locked, by its primary key. Then inserts one row of members per
// user in order of user id, or locks and updates the row of a former member. Watermarks start at the join: events
// from before it are not unread.
const ADD = {
  name: 'group_add',
  text: `
    WITH added AS (
      SELECT id, $2::int + ordinal::int - 1 AS seq FROM unnest($4::text[]) WITH ORDINALITY AS p(id, ordinal)
    ), chat AS (
      UPDATE chats SET member_count = member_count + cardinality($4::text[]), members_seq = (SELECT max(seq) FROM added)
      WHERE id = $1
    )
    INSERT INTO members AS m (chat_id, user_id, joined_at, joined_seq, delivered_seq, read_seq)
    SELECT $1, id, $3, seq, seq - 1, seq - 1 FROM added ORDER BY id
    ON CONFLICT (chat_id, user_id) DO UPDATE SET
      role = 'MEMBER', joined_at = EXCLUDED.joined_at, joined_seq = EXCLUDED.joined_seq,
      earlier_stays = m.earlier_stays + int4multirange(int4range(m.joined_seq, m.left_seq, '[]')),
      left_at = NULL, left_seq = NULL, left_title = NULL, left_member_count = NULL, left_message_ttl_seconds = NULL,
      delivered_seq = EXCLUDED.delivered_seq, read_seq = EXCLUDED.read_seq`,
}

// Updates the chat's row, which the transaction has locked, and then one row of members, both by primary key.
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
    async create({ chatId, creatorId, clientChatId, fingerprint, ...group }) {
      const key = [chatId, creatorId, clientChatId, fingerprint]
      const { title, messageTtlSeconds, memberIds, ownerIds, data } = group
      const json = data === null ? null : JSON.stringify(data)
      const values = [...key, title, messageTtlSeconds, memberIds, ownerIds, json]
      return (await writer.query<{ at: Date }>(CREATE, values))[0]
    },

    async findCreated(creatorId, clientChatId) {
      return (await writer.query<CreatedGroup>(FIND_CREATED, [creatorId, clientChatId]))[0]
    },

    async findPresent(tx, chatId, userIds) {
      const rows = await tx.query<{ userId: UserId }>(FIND_PRESENT, [chatId, userIds])
      return rows.map((row) => row.userId)
    },

    async findExisting(tx, userIds) {
      const users = await tx.prisma.user.findMany({
        where: { id: { in: [...userIds] } },
        select: { id: true },
      })
      return new Set(users.map(({ id }) => id as UserId))
    },

    async presentMembers(tx, chatId) {
      const members = await tx.prisma.member.findMany({
        where: { chatId, leftSeq: null },
        select: { userId: true, role: true },
      })
      return new Map(
        members.map(({ userId, role }) => [userId as UserId, { userId: userId as UserId, role }]),
      )
    },

    async claimKey(tx, { chatId, key, at, fingerprint }) {
      const where = { chatId_key: { chatId, key } }
      const first = await tx.prisma.memberChangeKey.findUnique({ where, select: { fingerprint: true } })
      if (first !== null) {
        const isSame = first.fingerprint === null || fingerprint.equals(first.fingerprint)
        return isSame ? 'repeated' : 'conflict'
      }
      await tx.prisma.memberChangeKey.create({
        data: { chatId, key, at, fingerprint: Uint8Array.from(fingerprint) },
      })
      return 'new'
    },

    async findSuccessor(tx, chatId, exceptId) {
      // The enum lists roles from the highest to the lowest.
      const member = await tx.prisma.member.findFirst({
        where: { chatId, userId: { not: exceptId }, leftSeq: null },
        orderBy: [{ role: 'asc' }, { joinedSeq: 'asc' }, { userId: 'asc' }],
        select: { userId: true, role: true },
      })
      return member === null ? undefined : { ...member, userId: member.userId as UserId }
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
