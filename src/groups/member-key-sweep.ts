import { createBackgroundLoop } from '../lib/background-loop.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { MemberKeyStore } from './member-key-store.ts'

/** The key of an update of members is recognised for this long: 90 days. */
export const MEMBER_KEY_KEPT_S = 90 * 86_400
const INTERVAL_MS = 3_600_000
const BATCH = 5_000

/** Deletes the keys of old updates of members. A retry comes within hours, so the table must not grow forever. */
export type MemberKeySweep = Readonly<{ start(): void; stop(): Promise<void> }>

type Dependencies = Readonly<{ store: MemberKeyStore; logger: Logger; intervalMs?: number }>

export function createMemberKeySweep({
  store,
  logger,
  intervalMs = INTERVAL_MS,
}: Dependencies): MemberKeySweep {
  return createBackgroundLoop({
    component: 'member key sweep',
    intervalMs,
    logger,
    async run() {
      const deleted = await store.deleteOld(MEMBER_KEY_KEPT_S, BATCH)
      return deleted === BATCH ? 0 : undefined
    },
  })
}
