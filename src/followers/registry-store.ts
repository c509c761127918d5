import type { Statement } from '../store/sql/statement.ts'
import type { Transaction } from '../store/sql/transaction.ts'
import type { FollowerId } from './follower-store.ts'

/**
 * The changes that a follower processes: events of chat logs, watermarks of members, names and states of users, or
 * members who have push messages to send or to withdraw.
 */
export type FollowerSource = 'LOGS' | 'RECEIPTS' | 'USERS' | 'PUSHES'

/*
 * The triggers that leave marks cost each statement a little, so each is enabled only while its source has a follower.
 * ALTER TABLE waits for the statements in progress. So each change is either before the first follower, or it has a
 * mark.
 */
const SOURCES: Readonly<Record<FollowerSource, Source>> = {
  LOGS: {
    trigger: ['chat_events_mark', 'chat_events'],
    enable: {
      name: 'follower_enable_logs',
      text: 'ALTER TABLE chat_events ENABLE TRIGGER chat_events_mark',
    },
    disable: {
      name: 'follower_disable_logs',
      text: 'ALTER TABLE chat_events DISABLE TRIGGER chat_events_mark',
    },
  },
  RECEIPTS: {
    trigger: ['members_mark', 'members'],
    enable: { name: 'follower_enable_receipts', text: 'ALTER TABLE members ENABLE TRIGGER members_mark' },
    disable: { name: 'follower_disable_receipts', text: 'ALTER TABLE members DISABLE TRIGGER members_mark' },
  },
  USERS: {
    trigger: ['users_mark', 'users'],
    enable: { name: 'follower_enable_users', text: 'ALTER TABLE users ENABLE TRIGGER users_mark' },
    disable: { name: 'follower_disable_users', text: 'ALTER TABLE users DISABLE TRIGGER users_mark' },
  },
  PUSHES: {
    trigger: ['members_push_mark', 'members'],
    enable: { name: 'follower_enable_pushes', text: 'ALTER TABLE members ENABLE TRIGGER members_push_mark' },
    disable: {
      name: 'follower_disable_pushes',
      text: 'ALTER TABLE members DISABLE TRIGGER members_push_mark',
    },
  },
}

/** A trigger with its table, and how it is switched. */
type Source = Readonly<{ trigger: readonly [string, string]; enable: Statement; disable: Statement }>

const IS_ENABLED: Statement = {
  name: 'follower_trigger_state',
  text: `SELECT tgenabled <> 'D' AS "isEnabled" FROM pg_trigger WHERE tgname = $1 AND tgrelid = $2::regclass`,
}

/** Adds a follower: from the commit on, each change of the source leaves it a mark. */
export async function addFollower(tx: Transaction, id: FollowerId, source: FollowerSource): Promise<void> {
  await tx.prisma.follower.create({ data: { id, source } })
  await enableTrigger(tx, source)
}

/** Makes changes leave marks, if they do not yet. A restored database has followers, but the triggers are off. */
export async function enableMarks(tx: Transaction): Promise<void> {
  const sources = await tx.prisma.follower.findMany({ distinct: ['source'], select: { source: true } })
  for (const { source } of sources) await enableTrigger(tx, source)
}

async function enableTrigger(tx: Transaction, source: FollowerSource): Promise<void> {
  const { trigger, enable } = SOURCES[source]
  const [state] = await tx.query<{ isEnabled: boolean }>(IS_ENABLED, trigger)
  if (state?.isEnabled === false) await tx.query(enable)
}

/** Removes a follower with its marks and positions. */
export async function removeFollower(tx: Transaction, id: FollowerId): Promise<void> {
  const follower = await tx.prisma.follower.findUnique({ where: { id } })
  if (follower === null) return
  await tx.prisma.follower.delete({ where: { id } })
  await tx.prisma.chatMark.deleteMany({ where: { followerId: id } })
  await tx.prisma.followerPosition.deleteMany({ where: { followerId: id } })
  const { source } = follower
  if ((await tx.prisma.follower.count({ where: { source } })) === 0) await tx.query(SOURCES[source].disable)
}
