import type { RevocableToken } from '../../auth/revocations.ts'
import type { DeviceId } from '../../ids.ts'
import type { Statement } from '../../store/sql/statement.ts'
import type { Writer } from '../../store/sql/writer.ts'
import { addressOf, type DeviceKey, digestOf, type PushTarget } from './push-target.ts'

export type TargetStore = Readonly<{
  /**
   * Sets the target of a device of the token's user, and takes it from another one. Returns false if the device is not
   * registered.
   */
  set(token: RevocableToken, deviceId: DeviceId, target: PushTarget): Promise<boolean>
  /** Ties the targets that were set with one token to another token of the same user. */
  handOn(from: RevocableToken, to: RevocableToken): Promise<void>
  /** Removes the target of a device; with `only`, if it is still this one. */
  remove(device: DeviceKey, only?: PushTarget): Promise<void>
  /** Removes the targets whose tokens are revoked. */
  removeRevoked(): Promise<void>
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
    INSERT INTO push_targets (user_id, device_id, provider, address, digest, p256dh, auth, is_sandbox, topic, set_at,
      token_id, token_issued_at)
    SELECT d.user_id, d.device_id, $3::"PushProvider", $4, $5, $6, $7, $8, $9, clock_timestamp(), $10, $11
    FROM devices d, (SELECT count(*) FROM moved) m
    WHERE d.user_id = $1 AND d.device_id = $2
    ON CONFLICT (user_id, device_id) DO UPDATE
      SET provider = EXCLUDED.provider, address = EXCLUDED.address, digest = EXCLUDED.digest, p256dh = EXCLUDED.p256dh,
        auth = EXCLUDED.auth, is_sandbox = EXCLUDED.is_sandbox, topic = EXCLUDED.topic, set_at = EXCLUDED.set_at,
        token_id = EXCLUDED.token_id, token_issued_at = EXCLUDED.token_issued_at
    RETURNING device_id`,
}

// One row by the primary key of push_targets.
const REMOVE: Statement = {
  name: 'push_target_remove',
  text: 'DELETE FROM push_targets WHERE user_id = $1 AND device_id = $2 AND digest = COALESCE($3, digest)',
}

// A range of the primary key of push_targets.
const HAND_ON: Statement = {
  name: 'push_target_hand_on',
  text: `
    UPDATE push_targets SET token_id = $4, token_issued_at = $5
    WHERE user_id = $1 AND token_id IS NOT DISTINCT FROM $2 AND token_issued_at IS NOT DISTINCT FROM $3`,
}

/**
 * Whether the token of target `t` is revoked, as `Revocations.isRevoked` decides it: one row each by the unique
 * indexes of revocations.
 */
export const IS_REVOKED = `
  (EXISTS (SELECT FROM revocations r WHERE r.token_id = t.token_id AND r.expires_at > clock_timestamp())
    OR EXISTS (
      SELECT FROM revocations r WHERE r.user_id = t.user_id AND r.expires_at > clock_timestamp()
        AND COALESCE(t.token_issued_at < r.issued_before, true)
    ))`

// The newest revocations by their primary key: an hour has fewer. For each the targets of its token or its user,
// by two indexes of push_targets. OFFSET 0 keeps the planner from reading all targets first.
const REMOVE_REVOKED: Statement = {
  name: 'push_target_remove_revoked',
  text: `
    WITH newest AS MATERIALIZED (
      SELECT token_id, user_id FROM revocations ORDER BY change DESC LIMIT 10000
    )
    DELETE FROM push_targets t WHERE ctid = ANY (ARRAY(
      SELECT o.place FROM newest n
        CROSS JOIN LATERAL (SELECT ctid AS place FROM push_targets WHERE token_id = n.token_id OFFSET 0) o
      UNION SELECT o.place FROM newest n
        CROSS JOIN LATERAL (SELECT ctid AS place FROM push_targets WHERE user_id = n.user_id OFFSET 0) o
    )) AND ${IS_REVOKED}`,
}

export function createTargetStore({ writer }: { writer: Pick<Writer, 'query'> }): TargetStore {
  return {
    async set(token, deviceId, target) {
      const { provider } = target
      const keys = provider === 'WEB_PUSH' ? [target.p256dh, target.auth] : [null, null]
      const apns = provider === 'APNS' ? [target.isSandbox, target.topic] : [false, null]
      const about = [provider, addressOf(target), digestOf(target), ...keys, ...apns]
      return (await writer.query(SET, [token.userId, deviceId, ...about, ...columnsOf(token)])).length > 0
    },
    async handOn(from, to) {
      await writer.query(HAND_ON, [to.userId, ...columnsOf(from), ...columnsOf(to)])
    },
    async remove({ userId, deviceId }, only) {
      await writer.query(REMOVE, [userId, deviceId, only === undefined ? null : digestOf(only)])
    },
    async removeRevoked() {
      await writer.query(REMOVE_REVOKED)
    },
  }
}

function columnsOf({ tokenId, statedIssuedAt }: RevocableToken): readonly unknown[] {
  return [tokenId ?? null, statedIssuedAt ?? null]
}
