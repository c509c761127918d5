import type { ReplicationPolicy } from '../../config/config.ts'
import type { DatabaseFacts } from '../../store/migrations/inspect.ts'
import type { MigrationStatus } from '../../store/migrations/migration.ts'
import { replicationRisk } from '../../store/sql/replication-policy.ts'
import { type Finding, ok, problem, warning } from './finding.ts'

/** Checks of facts that were read from a database. These functions connect to nothing. */

const OLDEST_VERSION = 150_000
/** Ten for writes, ten for reads, one for service levels and revocations, and one to watch the primary. */
const CONNECTIONS_PER_GATEWAY = 22
/** A user counts as online for 20 s after an activity, by the database's clock. */
const CLOCK_WARNING_MS = 1_000
const CLOCK_PROBLEM_MS = 5_000

/** Checks each property of the server that durability, order or presence depends on. */
export function checkServer(facts: DatabaseFacts): readonly Finding[] {
  return [
    checkVersion(facts),
    checkTimeZone(facts),
    checkClock(facts),
    checkRole(facts),
    checkFsync(facts),
    checkSynchronousCommit(facts),
    checkConnections(facts),
  ]
}

function checkVersion({ version, versionNumber }: DatabaseFacts): Finding {
  if (versionNumber >= OLDEST_VERSION) return ok(`PostgreSQL ${version}`)
  return problem(`PostgreSQL ${version} is too old`, 'Upgrade it to 15 or newer.')
}

function checkTimeZone({ timeZone }: DatabaseFacts): Finding {
  if (timeZone === 'UTC') return ok('sessions use UTC')
  return problem(
    `sessions use ${timeZone} although Parley asked for UTC`,
    'A connection pooler may drop start-up options. Connect to the server itself, or let the pooler forward "options".',
  )
}

function checkClock({ clockAheadMs, roundTripMs }: DatabaseFacts): Finding {
  const offMs = Math.max(0, Math.abs(clockAheadMs) - roundTripMs / 2)
  if (offMs <= CLOCK_WARNING_MS) return ok("the database's clock agrees with this machine's")
  const seconds = (offMs / 1000).toFixed(1)
  const what = `the database's clock is ${seconds} s ${clockAheadMs > 0 ? 'ahead of' : 'behind'} this machine's`
  const hint = 'Synchronise both with the same time servers (NTP).'
  return offMs > CLOCK_PROBLEM_MS ? problem(what, hint) : warning(what, hint)
}

function checkRole({ isInRecovery }: DatabaseFacts): Finding {
  if (!isInRecovery) return ok('it is the primary')
  return problem(
    'it is a standby, which accepts no writes',
    'Set DATABASE_URL to the primary, or promote this server.',
  )
}

function checkFsync({ fsync }: DatabaseFacts): Finding {
  if (fsync === 'on') return ok('fsync is on')
  return problem(
    'fsync is off: a power cut can destroy the whole database',
    'Set fsync = on and reload the server.',
  )
}

function checkSynchronousCommit({ synchronousCommit }: DatabaseFacts): Finding {
  if (synchronousCommit !== 'off') return ok(`synchronous_commit is ${synchronousCommit}`)
  return problem(
    'synchronous_commit is off: a crash of the server loses messages that were acknowledged as sent',
    'Set synchronous_commit = on, for the role and the database as well.',
  )
}

function checkConnections({ connections }: DatabaseFacts): Finding {
  const what = `the server admits ${connections} connections, and a gateway uses up to ${CONNECTIONS_PER_GATEWAY}`
  if (connections >= 2 * CONNECTIONS_PER_GATEWAY) return ok(what)
  const hint = `Raise max_connections: ${CONNECTIONS_PER_GATEWAY} for each gateway, and as many again for one that is being replaced.`
  return connections < CONNECTIONS_PER_GATEWAY ? problem(what, hint) : warning(what, hint)
}

/** Checks whether commits survive the loss of the primary. Under the strict policy a risk stops sends. */
export function checkReplication({ replication }: DatabaseFacts, policy: ReplicationPolicy): Finding {
  const risk = replicationRisk(replication)
  if (risk === undefined) return ok(`commits wait for a standby (${replication.standbys} connected)`)
  const hint =
    'Give the primary a standby and name it in synchronous_standby_names. docs/failover.md explains how, and the cost.'
  return policy === 'strict'
    ? problem(risk, `${hint} REPLICATION_POLICY is strict: sends are rejected until then.`)
    : warning(risk, hint)
}

/** `isInRecovery` is undefined if the host did not respond. */
export type HostRole = Readonly<{ host: string; isInRecovery: boolean | undefined }>

/** Checks that exactly one of the hosts of a URL accepts writes. */
export function checkHosts(roles: readonly HostRole[]): Finding {
  const writers = roles.filter(({ isInRecovery }) => isInRecovery === false)
  const standbys = roles.filter(({ isInRecovery }) => isInRecovery === true)
  const silent = roles.filter(({ isInRecovery }) => isInRecovery === undefined)
  const [writer, ...others] = writers
  if (writer === undefined) return checkHostsWithoutWriter(silent)
  if (others.length > 0) {
    return problem(
      `several hosts accept writes: ${namesOf(writers)}`,
      'Only one may. Stop the old primary before a client writes to it, and make it a standby of the new one.',
    )
  }
  const what = `${writer.host} accepts writes, ${standbys.length} of the other hosts are standbys`
  if (silent.length === 0) return ok(what)
  return warning(
    `${what}, and these can't be reached: ${namesOf(silent)}`,
    'Start them, or remove them from DATABASE_URL.',
  )
}

function checkHostsWithoutWriter(silent: readonly HostRole[]): Finding {
  if (silent.length === 0) {
    return problem(
      'none of the hosts accepts writes',
      'Promote one of them, or name the primary in DATABASE_URL.',
    )
  }
  return problem(
    `no host is known to accept writes: ${namesOf(silent)} can't be reached`,
    'It may be the primary: check that it runs, and user and password in DATABASE_URL. Promote another only once it is stopped.',
  )
}

function namesOf(roles: readonly HostRole[]): string {
  return roles.map(({ host }) => host).join(', ')
}

/** Compares the migrations in the database with those that this version of Parley expects. */
export function checkMigrations(status: MigrationStatus): readonly Finding[] {
  const { applied, pending, edited, failed, unknown } = status
  const findings: Finding[] = []
  if (edited.length > 0) {
    findings.push(
      problem(
        `edited after they were applied: ${edited.join(', ')}`,
        'Restore those files, and put the change into a new migration.',
      ),
    )
  }
  if (failed.length > 0) {
    findings.push(
      problem(
        `failed before: ${failed.join(', ')}`,
        'The table _prisma_migrations has the reason in its column logs. Fix it, then run "parley migrate --retry".',
      ),
    )
  }
  if (unknown.length > 0) {
    findings.push(
      warning(
        `applied by a newer Parley: ${unknown.join(', ')}`,
        'Run the newer version, unless its notes say that this one may run beside it.',
      ),
    )
  }
  if (pending.length > 0) {
    findings.push(
      warning(
        `not applied yet: ${pending.join(', ')}`,
        'Run "parley migrate", or "parley serve", which applies them at its start.',
      ),
    )
  }
  return findings.length > 0 ? findings : [ok(`every migration is applied (${applied.length})`)]
}
