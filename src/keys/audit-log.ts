import { createBackgroundLoop } from '../lib/background-loop.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { AuditStore, ServerCall } from './audit-store.ts'

/** Calls of the server API stay in the audit log for this long: 400 days, more than a year. */
export const AUDIT_KEPT_S = 400 * 86_400
const SWEEP_INTERVAL_MS = 3_600_000
const SWEEP_BATCH = 5_000

/** Records every call of the server API. */
export type AuditLog = Readonly<{
  /** Resolves when the call is recorded. Never rejects: what the call did has happened, and the log has the call. */
  record(call: ServerCall): Promise<void>
  start(): void
  stop(): Promise<void>
}>

export function createAuditLog({ store, logger }: { store: AuditStore; logger: Logger }): AuditLog {
  const sweep = createBackgroundLoop({
    component: 'audit log sweep',
    intervalMs: SWEEP_INTERVAL_MS,
    logger,
    async run() {
      const deleted = await store.deleteOld(AUDIT_KEPT_S, SWEEP_BATCH)
      return deleted === SWEEP_BATCH ? 0 : undefined
    },
  })

  return {
    async record(call) {
      try {
        await store.insert(call)
      } catch (error) {
        logger.error({ err: error, call }, 'audit record failed; the call is only in this line')
      }
    },
    start: sweep.start,
    stop: sweep.stop,
  }
}
