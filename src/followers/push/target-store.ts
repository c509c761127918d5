import type { Statement } from '../../store/sql/statement.ts'
import type { Writer } from '../../store/sql/writer.ts'
import { addressOf, type DeviceKey, digestOf, type PushTarget } from './push-target.ts'

export type TargetStore = Readonly<{
  /** Sets the target of a device, and takes it from another one. Returns false if the device is not registered. */
  set(device: DeviceKey, target: PushTarget): Promise<boolean>
  /** Removes the target of a device; with `only`, if it is still this one. */
  remove(device: DeviceKey, only?: PushTarget): Promise<void>
}>

// The unique index of push_targets on digest, then the primary keys of devices and push_targets. The insert reads the
// number of moved rows, so that it begins when the other device no longer has the target.
const SET: Statement = {
  name: 'push_target_set',
  text: `
    WITH moved AS (
      DELETE FROM push_targets WHERE digest = $5 AND (user_id <> $1 OR device_id <> $2)
        AND (SELECT true FROM devices WHERE user_id = $1 AND device_id = $2)
      RETURNING 1
    )
    INSERT INTO push_targets (user_id, device_id, provider, address, digest, p256dh, auth, is_sandbox, topic, set_at)
    SELECT d.user_id, d.device_id, $3::"PushProvider", $4, $5, $6, $7, $8, $9, clock_timestamp()
    FROM devices d, (SELECT count(*) FROM moved) m
    WHERE d.user_id = $1 AND d.device_id = $2
    ON CONFLICT (user_id, device_id) DO UPDATE
      SET provider = EXCLUDED.provider, address = EXCLUDED.address, digest = EXCLUDED.digest, p256dh = EXCLUDED.p256dh,
        auth = EXCLUDED.auth, is_sandbox = EXCLUDED.is_sandbox, topic = EXCLUDED.topic, set_at = EXCLUDED.set_at
    RETURNING device_id`,
}

// One row by the primary key of push_targets.
const REMOVE: Statement = {
  name: 'push_target_remove',
  text: 'DELETE FROM push_targets WHERE user_id = $1 AND device_id = $2 AND digest = COALESCE($3, digest)',
}

export function createTargetStore({ writer }: { writer: Pick<Writer, 'query'> }): TargetStore {
  return {
    async set({ userId, deviceId }, target) {
      const { provider } = target
      const keys = provider === 'WEB_PUSH' ? [target.p256dh, target.auth] : [null, null]
      const apns = provider === 'APNS' ? [target.isSandbox, target.topic] : [false, null]
      const values = [userId, deviceId, provider, addressOf(target), digestOf(target), ...keys, ...apns]
      return (await writer.query(SET, values)).length > 0
    },
    async remove({ userId, deviceId }, only) {
      await writer.query(REMOVE, [userId, deviceId, only === undefined ? null : digestOf(only)])
    },
  }
}
