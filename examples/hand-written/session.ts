/** The address and the device id. An app creates its device id once, such as a UUID, and keeps it on the device. */
export const { URL: url = 'http://localhost:4000/graphql', DEVICE_ID: deviceId = 'example' } = process.env

/** Returns the newest token. An app gets tokens from your backend, and a fresh one before the old one expires. */
export function token(): string {
  return process.env['TOKEN'] ?? ''
}
