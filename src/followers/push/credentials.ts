import { createECDH, createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import * as z from 'zod'
import type { Config } from '../../config/config.ts'
import { ConfigError } from '../../config/config-error.ts'
import type { Secrets } from '../../config/secrets.ts'
import type { ServiceAccount } from './access-token.ts'

/** A pair of VAPID, both in base64url. */
export type VapidPair = Readonly<{ publicKey: string; privateKey: string }>

const CURVE = 'prime256v1'

export function newVapidPair(): VapidPair {
  const pair = createECDH(CURVE)
  pair.generateKeys()
  // A private key that begins with zeros is shorter than 32 bytes.
  const privateKey = Buffer.concat([Buffer.alloc(32), pair.getPrivateKey()]).subarray(-32)
  return { publicKey: pair.getPublicKey('base64url'), privateKey: privateKey.toString('base64url') }
}

/** Returns the pair of a private key. Throws ConfigError if it is not one. */
export function vapidPairOf(privateKey: string): VapidPair {
  const pair = createECDH(CURVE)
  try {
    pair.setPrivateKey(privateKey, 'base64url')
  } catch {
    throw new ConfigError(['PUSH_VAPID_KEY is no private key: set it to what "parley push keys" prints.'])
  }
  return { publicKey: pair.getPublicKey('base64url'), privateKey }
}

/** Returns the key in PEM. Throws ConfigError if there is none. */
export function readApnsKey(file: string): string {
  const text = read(file, 'PUSH_APNS_KEY_FILE')
  try {
    if (createPrivateKey(text).asymmetricKeyDetails?.namedCurve === CURVE) return text
  } catch {
    // The error quotes parts of the key.
  }
  throw new ConfigError([
    `PUSH_APNS_KEY_FILE names ${file}, which has no ES256 key: download the .p8 file from Apple again.`,
  ])
}

const ACCOUNT = z.object({
  project_id: z.string().min(1),
  client_email: z.string().min(1),
  private_key: z.string().min(1),
  token_uri: z.url(),
})

/** Throws ConfigError if the file is no service account. */
export function readServiceAccount(file: string): ServiceAccount {
  const text = read(file, 'PUSH_FCM_ACCOUNT_FILE')
  try {
    const account = ACCOUNT.parse(JSON.parse(text))
    createPrivateKey(account.private_key)
    return {
      projectId: account.project_id,
      clientEmail: account.client_email,
      privateKey: account.private_key,
      tokenUri: account.token_uri,
    }
  } catch {
    throw new ConfigError([
      `PUSH_FCM_ACCOUNT_FILE names ${file}, which is no service account: create a key in the Firebase console again.`,
    ])
  }
}

function read(file: string, variable: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown error'
    throw new ConfigError([`${variable} cannot be read: ${reason}.`])
  }
}

/** Throws ConfigError if a key or a file of push cannot be used. */
export function checkPushCredentials(
  { push }: Pick<Config, 'push'>,
  { vapidKey }: Pick<Secrets, 'vapidKey'>,
): void {
  if (push?.web !== undefined && vapidKey !== undefined) vapidPairOf(vapidKey)
  if (push?.apns !== undefined) readApnsKey(push.apns.keyFile)
  if (push?.fcm !== undefined) readServiceAccount(push.fcm.accountFile)
}
