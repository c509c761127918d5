import type { RevocableToken } from '../../auth/revocations.ts'
import { badInput, notFound } from '../../errors.ts'
import type { DeviceId } from '../../ids.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { PushProviderName, PushTarget } from './push-target.ts'
import type { TargetStore } from './target-store.ts'

/**
 * Where the push messages of each device go. A target goes with the token that set it: if that token is revoked, the
 * device is signed out, and the target is gone.
 */
export type PushTargets = Readonly<{
  /**
   * Sets the target of a device; null removes it. If another device had the target, it loses it: an app was installed
   * again, or another user has signed in.
   *
   * Errors:
   * - BAD_USER_INPUT – the provider is not configured on this server.
   * - NOT_FOUND – the user has no such device.
   */
  set(token: RevocableToken, deviceId: DeviceId, target: PushTarget | null): Promise<void>
  /**
   * Ties the targets of a token to the one that has replaced it in a session. Never rejects: the session is renewed.
   * After a failure they go with the earlier token until the device sets them again.
   */
  handOn(from: RevocableToken, to: RevocableToken): Promise<void>
}>

type Dependencies = Readonly<{
  store: TargetStore
  providers: readonly PushProviderName[]
  logger: Pick<Logger, 'warn'>
}>

export function createPushTargets({ store, providers, logger }: Dependencies): PushTargets {
  return {
    async set(token, deviceId, target) {
      const { userId } = token
      if (target === null) return store.remove({ userId, deviceId })
      if (!providers.includes(target.provider))
        throw badInput(`${target.provider} is off on this server. serverInfo.push names what is on.`)
      const isKnown = await store.set(token, deviceId, target)
      if (!isKnown) throw notFound('Device')
    },
    async handOn(from, to) {
      if (providers.length === 0) return
      try {
        await store.handOn(from, to)
      } catch (error) {
        const fields = { err: error, userId: to.userId }
        logger.warn(fields, 'handing push targets to a renewed token failed; they go with the old token')
      }
    },
  }
}
