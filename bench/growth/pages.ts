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
import { asSuperuser, type Filled, withClient } from './databases.ts'
import { connectPeople, type Deeds } from './deeds.ts'

/** Pages of 8 KiB that each statement of a deed touches, by the deed and the statement's name. */
export type Pages = ReadonlyMap<string, number>

/** What is looked at, and how it is done. The first of each is not looked at: a new connection reads the catalog. */
const LOOKED_AT: Readonly<Record<string, (deeds: Deeds) => Promise<unknown>>> = {
  send: (deeds) => deeds.send(),
  sendToLargest: (deeds) => deeds.sendToLargest(),
  replay: (deeds) => deeds.replay('phone-1000'),
  history: (deeds) => deeds.history(),
  chatList: (deeds) => deeds.chatList(),
}

/** What gateways ask by the clock, whatever people do. */
const STEADY: ReadonlySet<string> = new Set([
  'message_erase_expired',
  'service_level_current',
  'server_state',
  'ping',
  'user_upsert',
])
/** In smaller databases tables of some pages are rightly read whole. */
const LARGE = 1_000_000

/**
 * Listens to the statements of each deed, and runs each again for its plan. That many pages are touched does not depend
 * on what else the machine does.
 */
export async function countPages({ url: databaseUrl, size }: Filled, secret: string): Promise<Pages> {
  await using resources = new AsyncDisposableStack()
  const parley = createParley(config(size), secretsOf(databaseUrl, secret), SILENT)
  resources.defer(() => parley.stop())
  const { url } = await parley.start()
  const deeds = await connectPeople(`${url}/graphql`, secret, size)
  resources.defer(() => deeds.close())
  return await withClient(asSuperuser(databaseUrl), async (client) => {
    await enablePlanReports(client)
    const indexes = await readIndexes(client)
    const pages = new Map<string, number>()
    for (const [deed, run] of Object.entries(LOOKED_AT)) {
      for (const sent of await statementsOf(() => run(deeds))) {
        const again = withFreshKeys(sent)
        await executedPlan(client, again)
        const plan = await executedPlan(client, again)
        if (size >= LARGE) report(sent, findPlanProblems(plan, indexes))
        const key = `${deed} ${sent.name}`
        pages.set(key, Math.max(pages.get(key) ?? 0, pagesOf(plan)))
      }
    }
    return pages
  })
}

/** What a test asks of statistics that pretend so much is asked here of what is there. */
function report({ name }: SentStatement, faults: readonly string[]): void {
  for (const fault of faults) process.stderr.write(`a bad plan: ${name}, ${fault}\n`)
}

async function statementsOf(deed: () => Promise<unknown>): Promise<readonly SentStatement[]> {
  await deed()
  using listening = recordStatements()
  await deed()
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
    http: { host: '127.0.0.1', port: 0, allowedOrigins: [], trustedProxies: [] },
    admin: undefined,
    gatewayId: `bench-${size}` as GatewayId,
    dataDir: '/nonexistent',
    database: { type: 'external' },
    replicationPolicy: 'available',
    auth: { type: 'secret' },
    bus: { type: 'memory' },
    groups: { maxMembers: 1_024 },
    logRetentionS: undefined,
    load: { isAutomatic: false, limitFactor: Infinity },
    log: { level: 'silent', pretty: false },
    shutdownDeadlineMs: 5_000,
  }
}
