import type { ReplicationPolicy } from '../config/config.ts'
import type { DatabaseFacts } from '../store/migrations/inspect.ts'
import { describeConnectError } from '../store/reach-database.ts'
import type { MigrationStatus } from '../store/migrations/migration.ts'
import { replicationRisk } from '../store/sql/replication-policy.ts'
import { bad, doubtful, type Finding, good } from './finding.ts'

const OLDEST_VERSION = 150_000
/** An instance keeps ten connections to write, ten to read, one for the operator's word, and one to watch. */
const CONNECTIONS_PER_INSTANCE = 22
/** A person counts as online for twenty. */
const CLOCK_DOUBTFUL_MS = 1_000
const CLOCK_BAD_MS = 5_000

/** A finding for each property of the server that durability, order or presence rests on. */
export function judgeDatabase(facts: DatabaseFacts): readonly Finding[] {
  return [
    judgeVersion(facts),
    judgeTimeZone(facts),
    judgeClock(facts),
    judgeRole(facts),
    ...judgeDurability(facts),
    judgeConnections(facts),
  ]
}

function judgeVersion({ version, versionNumber }: DatabaseFacts): Finding {
  if (versionNumber >= OLDEST_VERSION) return good(`PostgreSQL ${version}`)
  return bad(`PostgreSQL ${version} is too old`, 'Upgrade it to 15 or newer.')
}

function judgeTimeZone({ timeZone }: DatabaseFacts): Finding {
  if (timeZone === 'UTC') return good('sessions are in UTC')
  return bad(
    `sessions are in ${timeZone} although Parley asked for UTC`,
    'Something between the two drops start-up options, a connection pooler perhaps: connect to the server itself, or let the pooler pass "options" on.',
  )
}

function judgeClock({ clockAheadMs, roundTripMs }: DatabaseFacts): Finding {
  const offMs = Math.max(0, Math.abs(clockAheadMs) - roundTripMs / 2)
  if (offMs <= CLOCK_DOUBTFUL_MS) return good("the database's clock agrees with this machine's")
  const what = `the database's clock is ${(offMs / 1000).toFixed(1)} s ${clockAheadMs > 0 ? 'ahead of' : 'behind'} this machine's`
  const mend = 'Let both follow the same time servers (NTP).'
  return offMs > CLOCK_BAD_MS ? bad(what, mend) : doubtful(what, mend)
}

function judgeRole({ isInRecovery }: DatabaseFacts): Finding {
  if (!isInRecovery) return good('it is the primary')
  return bad(
    'it is a standby, which takes no writes',
    'Set DATABASE_URL to the primary, or promote this server.',
  )
}

function judgeDurability({ fsync, synchronousCommit }: DatabaseFacts): readonly Finding[] {
  const isWaitingForDisk = synchronousCommit !== 'off'
  return [
    fsync === 'on'
      ? good('fsync is on')
      : bad(
          'fsync is off: a power cut can destroy the whole database',
          'Set fsync = on and reload the server.',
        ),
    isWaitingForDisk
      ? good(`synchronous_commit is ${synchronousCommit}`)
      : bad(
          'synchronous_commit is off: a crash of the server loses messages that were answered as sent',
          'Set synchronous_commit = on, for the role and the database as well.',
        ),
  ]
}

/** What the death of the primary would cost. Under a strict policy a risk is what stops sends, and so a fault. */
export function judgeReplication({ replication }: DatabaseFacts, policy: ReplicationPolicy): Finding {
  const risk = replicationRisk(replication)
  if (risk === undefined) return good(`commits wait for a standby (${replication.standbys} connected)`)
  const mend =
    'Give the primary a standby and name it in synchronous_standby_names: docs/failover.md says how, and what it costs.'
  return policy === 'strict'
    ? bad(risk, `${mend} REPLICATION_POLICY is strict: sends are refused until then.`)
    : doubtful(risk, mend)
}

/** The roles of the hosts of one URL: exactly one of them may take writes. */
export function judgeHosts(roles: readonly HostRole[]): Finding {
  const writers = roles.filter(({ isInRecovery }) => isInRecovery === false)
  const standbys = roles.filter(({ isInRecovery }) => isInRecovery === true)
  const silent = roles.filter(({ isInRecovery }) => isInRecovery === undefined)
  const [writer, ...others] = writers
  if (writer === undefined && silent.length > 0) {
    return bad(
      `none of the hosts is known to take writes: ${namesOf(silent)} can't be asked`,
      'One of them may be the primary: see that it runs, and that user and password in DATABASE_URL are right. Promote another only once it is stopped.',
    )
  }
  if (writer === undefined) {
    return bad(
      'none of the hosts takes writes',
      'Promote one of them, or see that DATABASE_URL names the primary.',
    )
  }
  if (others.length > 0) {
    return bad(
      `several hosts take writes: ${namesOf(writers)}`,
      'Only one may: stop the one that was overtaken before anybody writes to it, and make it a standby of the other.',
    )
  }
  const what = `${writer.host} takes writes, ${standbys.length} of the other hosts are standbys`
  if (silent.length === 0) return good(what)
  return doubtful(
    `${what}, and these can't be reached: ${namesOf(silent)}`,
    'Start them, or take them out of DATABASE_URL.',
  )
}

function namesOf(roles: readonly HostRole[]): string {
  return roles.map(({ host }) => host).join(', ')
}

/** Undefined: it could not be asked. */
export type HostRole = Readonly<{ host: string; isInRecovery: boolean | undefined }>

function judgeConnections({ connections }: DatabaseFacts): Finding {
  const what = `the server admits ${connections} connections, and an instance uses up to ${CONNECTIONS_PER_INSTANCE}`
  if (connections >= 2 * CONNECTIONS_PER_INSTANCE) return good(what)
  const mend = `Raise max_connections: ${CONNECTIONS_PER_INSTANCE} for each instance, and as many again for one that is being replaced.`
  return connections < CONNECTIONS_PER_INSTANCE ? bad(what, mend) : doubtful(what, mend)
}

/** What stands between the database's tables and what this version of Parley expects. */
export function judgeMigrations(status: MigrationStatus): readonly Finding[] {
  const { applied, pending, edited, failed, unknown } = status
  const findings: (Finding | undefined)[] = [
    edited.length > 0
      ? bad(
          `edited after they had been applied: ${edited.join(', ')}`,
          'Restore those files as they were, and put the change into a new migration.',
        )
      : undefined,
    failed.length > 0
      ? bad(
          `failed before: ${failed.join(', ')}`,
          'The reason stands in the table _prisma_migrations, column logs. Mend it, then run "parley migrate --retry".',
        )
      : undefined,
    unknown.length > 0
      ? doubtful(
          `applied by a newer Parley: ${unknown.join(', ')}`,
          'Run the newer version, unless it says that the older one may run beside it.',
        )
      : undefined,
    pending.length > 0
      ? doubtful(
          `not applied yet: ${pending.join(', ')}`,
          'Run "parley migrate"; "parley serve" does it at its start as well.',
        )
      : undefined,
  ]
  const wrong = findings.filter((finding) => finding !== undefined)
  return wrong.length > 0 ? wrong : [good(`every migration is applied (${applied.length})`)]
}

/** Why a database can't be connected to. */
export function judgeConnectError(error: unknown): Finding {
  const { what, hint } = describeConnectError(error)
  return bad(what, hint)
}
