/** Where the examples connect. An app makes its device id once (a UUID does) and keeps it on the device. */
export const { URL: url = 'http://localhost:4000/graphql', DEVICE_ID: deviceId = 'example' } = process.env

/** The newest token. An app gets it from your backend, and a fresh one before it expires. */
export function token(): string {
  return process.env['TOKEN'] ?? ''
}
