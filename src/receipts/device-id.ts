import type { DeviceId } from '../ids.ts'
import { parseKey } from '../messages/message-input.ts'

/** The id that an app made for this device; BAD_USER_INPUT where it isn't 1 to 64 printable characters. */
export function parseDeviceId(text: string | undefined): DeviceId | undefined {
  return text === undefined ? undefined : (parseKey('deviceId', text) as DeviceId)
}
