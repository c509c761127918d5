import type { UserId } from '../ids.ts'
import { createBackgroundLoop } from '../lib/background-loop.ts'
import type { Clock } from '../lib/clock.ts'
import type { Dispose } from '../lib/dispose.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Revocation, RevocationCommands } from './revocation-commands.ts'

/** The claims of a token that a revocation can refer to. */
export type RevocableToken = Readonly<{
  userId: UserId
  /** The claim `jti`. */
  tokenId: string | undefined
  /** The claim `iat`, as the token has it. */
  statedIssuedAt: Date | undefined
}>

/** The revocations that this gateway knows. */
export type Revocations = Readonly<{
  /** Returns whether the token is revoked. */
  isRevoked(token: RevocableToken): boolean
  /** Calls the listener after new revocations arrived: sessions in use may have to end. */
  onChange(listener: () => void): Dispose
  /** Resolves when all revocations are read. From then on new ones arrive within `REVOKED_WITHIN_MS`. */
  start(): Promise<void>
  stop(): Promise<void>
}>

type Dependencies = Readonly<{
  commands: Pick<RevocationCommands, 'newestChange' | 'changesAfter'>
  clock: Clock
  logger: Logger
}>

/** How soon a revocation ends sessions on every gateway, while the database answers, in milliseconds. */
export const REVOKED_WITHIN_MS = 1_000

const INTERVAL_MS = REVOKED_WITHIN_MS / 2
/** While the database does not answer, nothing can be revoked either. */
const RETRY_MS = 1_000

/*
 * Each gateway asks the database twice a second for the number of the newest change, one row by its primary key, and
 * reads what it has missed. No notification can be lost, and Redis is not needed. The check of a token costs no read.
 *
 * If the number has gone back, the database was set to an earlier state, for example by a failover without a
 * synchronous standby. The gateway then reads everything again. It also keeps the revocations that it had read before.
 */
export function createRevocations({ commands, clock, logger }: Dependencies): Revocations {
  const byToken = new Map<string, Date>()
  const byUser = new Map<UserId, Readonly<{ issuedBefore: Date; expiresAt: Date }>>()
  const listeners = new Set<() => void>()
  let known = 0

  const loop = createBackgroundLoop({
    component: 'token revocation',
    run: readChanges,
    intervalMs: INTERVAL_MS,
    startsWithRest: true,
    retryDelayMs: () => RETRY_MS,
    logger,
  })

  async function readChanges(): Promise<void> {
    const newest = await commands.newestChange()
    if (newest === known) return
    if (newest < known) known = 0
    removeExpired()
    while (known < newest) {
      const { revocations, upTo } = await commands.changesAfter(known)
      for (const revocation of revocations) add(revocation)
      // The row of the newest change may have been written again, or have expired.
      known = revocations.length === 0 ? newest : upTo
    }
    for (const listener of listeners) listener()
  }

  function add(revocation: Revocation): void {
    if (revocation.type === 'token') byToken.set(revocation.tokenId, revocation.expiresAt)
    else byUser.set(revocation.userId, revocation)
  }

  function removeExpired(): void {
    for (const [tokenId, expiresAt] of byToken) if (!isInForce(expiresAt)) byToken.delete(tokenId)
    for (const [userId, { expiresAt }] of byUser) if (!isInForce(expiresAt)) byUser.delete(userId)
  }

  function isInForce(expiresAt: Date | undefined): boolean {
    return expiresAt !== undefined && expiresAt.getTime() > clock.now()
  }

  return {
    isRevoked({ userId, tokenId, statedIssuedAt }) {
      if (tokenId !== undefined && isInForce(byToken.get(tokenId))) return true
      const ofUser = byUser.get(userId)
      if (ofUser === undefined || !isInForce(ofUser.expiresAt)) return false
      // A token that does not say when it was issued may be an old one.
      return statedIssuedAt === undefined || statedIssuedAt < ofUser.issuedBefore
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async start() {
      await readChanges()
      loop.start()
    },
    stop: loop.stop,
  }
}
