import { badInput } from '../errors.ts'
import type { DeviceId } from '../ids.ts'
import { codePoints } from '../lib/text.ts'

/** The longest key, in code points. */
export const MAX_KEY_LENGTH = 64

/** A key that an app made, for a message, a group or a device: 1 to 64 printable characters; else BAD_USER_INPUT. */
export function parseKey(name: string, value: string): string {
  const length = codePoints(value, MAX_KEY_LENGTH)
  if (length < 1 || length > MAX_KEY_LENGTH) {
    throw badInput(`${name} has to be 1 to ${MAX_KEY_LENGTH} characters long; a UUID does`)
  }
  if (/\p{Cc}/u.test(value) || !value.isWellFormed()) {
    throw badInput(`${name} may not contain control characters or broken Unicode`)
  }
  return value
}

/** The id that an app made for this device, where it names one. */
export function parseDeviceId(text: string | undefined): DeviceId | undefined {
  return text === undefined ? undefined : (parseKey('deviceId', text) as DeviceId)
}
