import { createRevocationCommands } from '../auth/revocation-commands.ts'
import { createAuditLog } from '../keys/audit-log.ts'
import { createAuditStore } from '../keys/audit-store.ts'
import { createKeys } from '../keys/keys.ts'
import { createLiveLimits } from '../quotas/live-limits.ts'
import { createConcurrencyLimit } from '../quotas/concurrency-limit.ts'
import { createDocumentBudget } from '../quotas/document-budget.ts'
import { createServerContextFactory, type ServerServices, sessionOf } from '../server-api/context.ts'
import { createServerSchema } from '../server-api/schema.ts'
import { createClientAddress } from '../transport/http/client-address.ts'
import { createMemberKeyStore } from '../groups/member-key-store.ts'
import { createMemberKeySweep } from '../groups/member-key-sweep.ts'
import { createWebhooks } from '../followers/webhooks/webhooks.ts'
import { serverApiNotice } from '../transport/http/server-api-notice.ts'
import { createYogaHandler, type YogaHandler } from '../transport/http/yoga.ts'
import { audited } from '../transport/pipeline/server-audit.ts'
import { SYSTEM_USER_ID } from '../ids.ts'
import type { Foundation } from './foundation.ts'

/** The API for the product's own backend. */
export type ServerApi = Readonly<{
  yoga: YogaHandler
  /** Resolves when changes can be made in the name of the system user. */
  start(): Promise<void>
  stop(): Promise<void>
}>

/** A backend makes the calls of many users, so it may have more of them in progress than one user. */
const MAX_CONCURRENT_CALLS = 100

/** The services that the public API has as well. */
export type ServerDomains = Omit<ServerServices, 'revocations' | 'webhooks'>

/** Undefined if no port is configured for it. */
export function wireServerApi(foundation: Foundation, domains: ServerDomains): ServerApi | undefined {
  const { config, clock, database, logger } = foundation
  if (config.serverApi === undefined) return undefined
  const keys = createKeys(database)
  const audit = createAuditLog({ store: createAuditStore({ writer: database.writer }), logger })
  const memberKeys = createMemberKeySweep({ store: createMemberKeyStore(database), logger })
  const revocations = createRevocationCommands({ writer: database.durableWriter })
  const services: ServerServices = { ...domains, revocations, webhooks: createWebhooks(database) }
  const contextFor = createServerContextFactory(services, clock)
  const yoga = createYogaHandler({
    schema: createServerSchema(),
    context: ({ session }) => contextFor(session),
    authenticator: {
      authenticate: async (key) => sessionOf(await keys.verify(key)),
      // A call ends before a revocation could matter to it: the server API has no streams.
      onRevocation: () => () => undefined,
    },
    config,
    clock,
    logger,
    introspection: true,
    page: serverApiNotice,
    concurrencyLimit: createConcurrencyLimit(MAX_CONCURRENT_CALLS),
    liveLimits: createLiveLimits(Infinity),
    documentBudget: createDocumentBudget(),
    marks: database.marks,
    wrapExecution: (run) =>
      audited(run, { audit, addressOf: createClientAddress(config.http.trustedProxies), logger }),
  })
  return {
    yoga,
    async start() {
      audit.start()
      memberKeys.start()
      await services.users.provision({
        id: SYSTEM_USER_ID,
        name: 'System',
        avatarUrl: null,
        issuedAt: new Date(0),
      })
    },
    async stop() {
      await Promise.all([audit.stop(), memberKeys.stop()])
    },
  }
}
