import { createHash } from 'node:crypto'
import { badInput } from '../errors.ts'
import type { DeviceId } from '../ids.ts'
import { codePoints } from '../lib/text.ts'

/** The longest key, in code points. */
export const MAX_KEY_LENGTH = 64

/**
 * Returns a key that an app generated for a message, a group or a device. `name` is the argument in error texts.
 *
 * Errors: BAD_USER_INPUT – not 1 to 64 printable characters.
 */
export function parseKey(name: string, value: string): string {
  const length = codePoints(value, MAX_KEY_LENGTH)
  if (length < 1 || length > MAX_KEY_LENGTH) {
    throw badInput(`${name} must be 1 to ${MAX_KEY_LENGTH} characters long, such as a UUID`)
  }
  if (/\p{Cc}/u.test(value) || !value.isWellFormed()) {
    throw badInput(`${name} must not contain control characters or invalid Unicode`)
  }
  return value
}

/** Returns a 128-bit digest of a request. It distinguishes a retry from another request with the same key. */
export function fingerprintOf(content: unknown): Buffer {
  return createHash('sha256').update(JSON.stringify(content)).digest().subarray(0, 16)
}

/** Returns the id that the app generated for this device; undefined if there is none. Errors: as `parseKey`. */
export function parseDeviceId(text: string): DeviceId
export function parseDeviceId(text: string | undefined): DeviceId | undefined
export function parseDeviceId(text: string | undefined): DeviceId | undefined {
  return text === undefined ? undefined : (parseKey('deviceId', text) as DeviceId)
}
