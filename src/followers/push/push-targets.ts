import { badInput, notFound } from '../../errors.ts'
import type { DeviceKey, PushProviderName, PushTarget } from './push-target.ts'
import type { TargetStore } from './target-store.ts'

/** Where the push messages of each device go. */
export type PushTargets = Readonly<{
  /**
   * Sets the target of a device; null removes it. If another device had the target, it loses it: an app was installed
   * again, or another user has signed in.
   *
   * Errors:
   * - BAD_USER_INPUT – the provider is not configured on this server.
   * - NOT_FOUND – the user has no such device.
   */
  set(device: DeviceKey, target: PushTarget | null): Promise<void>
}>

type Dependencies = Readonly<{ store: TargetStore; providers: readonly PushProviderName[] }>

export function createPushTargets({ store, providers }: Dependencies): PushTargets {
  return {
    async set(device, target) {
      if (target === null) return store.remove(device)
      if (!providers.includes(target.provider))
        throw badInput(`${target.provider} is off on this server. serverInfo.push names what is on.`)
      const isKnown = await store.set(device, target)
      if (!isKnown) throw notFound('Device')
    },
  }
}
