import type { Config } from '../../src/config/config.ts'
import type { GatewayId } from '../../src/ids.ts'
import { createParley } from '../../src/parley.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { type PlanNode, executedPlan, enablePlanReports } from '../../test/harness/plans/query-plan.ts'
import { findPlanProblems, readIndexes } from '../../test/harness/plans/query-plan-check.ts'
import {
  recordStatements,
  withFreshKeys,
  type SentStatement,
} from '../../test/harness/plans/recorded-statements.ts'
import { asSuperuser, withClient } from '../servers/place.ts'
import type { Filled } from './databases.ts'
import { connectPeople, type Operations } from './operations.ts'

/** Pages of 8 KiB that each statement touches, by the names of the operation and the statement. */
export type Pages = ReadonlyMap<string, number>

/** The measured operations. The first run of each is not measured, because a new connection reads the catalog. */
const MEASURED: Readonly<Record<string, (operations: Operations) => Promise<unknown>>> = {
  send: (operations) => operations.send(),
  sendToLargest: (operations) => operations.sendToLargest(),
  replay: (operations) => operations.replay('phone-1000'),
  history: (operations) => operations.history(),
  chatList: (operations) => operations.chatList(),
}

/** Statements that gateways run periodically. */
const STEADY: ReadonlySet<string> = new Set([
  'message_erase_expired',
  'service_level_current',
  'server_state',
  'server_role',
  'ping',
  'user_upsert',
])
/** In smaller databases, PostgreSQL reads small tables completely, and rightly so. */
const LARGE = 1_000_000

/**
 * Records the statements of each operation, and runs each again for its plan. The number of pages does not depend on
 * other load on the machine.
 */
export async function countPages({ url: databaseUrl, size }: Filled, secret: string): Promise<Pages> {
  await using resources = new AsyncDisposableStack()
  const parley = createParley(config(size), secretsOf(databaseUrl, secret), SILENT)
  resources.defer(() => parley.stop())
  const { url } = await parley.start()
  const operations = await connectPeople(`${url}/graphql`, secret, size)
  resources.defer(() => operations.close())
  return await withClient(asSuperuser(databaseUrl), async (client) => {
    await enablePlanReports(client)
    const indexes = await readIndexes(client)
    const pages = new Map<string, number>()
    for (const [operation, run] of Object.entries(MEASURED)) {
      for (const sent of await statementsOf(() => run(operations))) {
        const again = withFreshKeys(sent)
        await executedPlan(client, again)
        const plan = await executedPlan(client, again)
        if (size >= LARGE) report(sent, findPlanProblems(plan, indexes))
        const key = `${operation} ${sent.name}`
        pages.set(key, Math.max(pages.get(key) ?? 0, pagesOf(plan)))
      }
    }
    return pages
  })
}

/** Reports bad plans. A test checks the same with pretended statistics. Here, data is real. */
function report({ name }: SentStatement, faults: readonly string[]): void {
  for (const fault of faults) process.stderr.write(`bad plan: ${name}, ${fault}\n`)
}

async function statementsOf(operation: () => Promise<unknown>): Promise<readonly SentStatement[]> {
  await operation()
  using listening = recordStatements()
  await operation()
  return listening.statements.filter(({ name }) => !STEADY.has(name) && !name.startsWith('prisma_'))
}

function pagesOf(plan: PlanNode): number {
  return (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0)
}

const SILENT = createLogger({ level: 'silent', pretty: false })

function secretsOf(databaseUrl: string, authSecret: string): Parameters<typeof createParley>[1] {
  return { databaseUrl, replicaUrls: [], redisUrls: [], authSecret }
}

function config(size: number): Config {
  return {
    mode: 'development',
    http: { host: '127.0.0.1', port: 0, allowedOrigins: [], allowedHeaders: [], trustedProxies: [] },
    admin: undefined,
    serverApi: undefined,
    hook: undefined,
    gatewayId: `bench-${size}` as GatewayId,
    dataDir: '/nonexistent',
    database: { type: 'external' },
    replicationPolicy: 'available',
    auth: { type: 'secret' },
    bus: { type: 'memory' },
    media: undefined,
    groups: { maxMembers: 1_024 },
    webApp: false,
    introspection: false,
    trustedDocuments: undefined,
    logRetentionS: undefined,
    load: { isAutomatic: false, limitFactor: Infinity },
    log: { level: 'silent', pretty: false },
    shutdownDeadlineMs: 5_000,
  }
}
