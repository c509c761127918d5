import { createHash } from 'node:crypto'
import { badInput } from '../../errors.ts'
import type { DeviceId, UserId } from '../../ids.ts'

export const PUSH_PROVIDERS = ['WEB_PUSH', 'APNS', 'FCM'] as const
/** The push services: those of browsers, of Apple, and of Google. */
export type PushProviderName = (typeof PUSH_PROVIDERS)[number]

/** Where push messages for a device go. */
export type WebPushTarget = Readonly<{ provider: 'WEB_PUSH'; endpoint: string; p256dh: string; auth: string }>
/** `topic` null: the one that the operator has configured. */
export type ApnsTarget = Readonly<{
  provider: 'APNS'
  token: string
  isSandbox: boolean
  topic: string | null
}>
export type FcmTarget = Readonly<{ provider: 'FCM'; token: string }>
export type PushTarget = WebPushTarget | ApnsTarget | FcmTarget

/** A device, and the user whose it is. */
export type DeviceKey = Readonly<{ userId: UserId; deviceId: DeviceId }>

const MAX_ENDPOINT_LENGTH = 2_048
const MAX_TOKEN_LENGTH = 4_096
/** An uncompressed point on P-256. */
const P256DH_BYTES = 65
const AUTH_BYTES = 16

/** Errors: BAD_USER_INPUT – the endpoint is no https URL, or a key does not have its length. */
export function parseWebPush({
  endpoint,
  p256dh,
  auth,
}: Readonly<{ endpoint: string; p256dh: string; auth: string }>): WebPushTarget {
  const url = URL.parse(endpoint)
  if (url?.protocol !== 'https:' || url.username !== '' || url.href.length > MAX_ENDPOINT_LENGTH)
    throw badInput(`endpoint must be an https URL of at most ${MAX_ENDPOINT_LENGTH} characters`)
  return {
    provider: 'WEB_PUSH',
    endpoint: url.href,
    p256dh: parseBytes('p256dh', p256dh, P256DH_BYTES),
    auth: parseBytes('auth', auth, AUTH_BYTES),
  }
}

function parseBytes(name: string, text: string, length: number): string {
  const bare = text.replace(/=+$/, '')
  const isRight = /^[A-Za-z0-9_-]+$/.test(bare) && Buffer.from(bare, 'base64url').length === length
  if (!isRight) throw badInput(`${name} must be ${length} bytes in base64url, as PushSubscription has them`)
  return bare
}

/** Errors: BAD_USER_INPUT – not a token as iOS returns it, or no bundle id. */
export function parseApns({
  token,
  isSandbox,
  topic,
}: Readonly<{ token: string; isSandbox: boolean; topic: string | null }>): ApnsTarget {
  if (!/^([0-9a-f]{2}){16,100}$/i.test(token))
    throw badInput('token must be the device token in hexadecimal, 32 to 200 digits')
  if (topic !== null && !/^[A-Za-z0-9.-]{1,255}$/.test(topic))
    throw badInput('topic must be the bundle id of the app, such as com.example.chat')
  return { provider: 'APNS', token: token.toLowerCase(), isSandbox, topic }
}

/** Errors: BAD_USER_INPUT – not a registration token. */
export function parseFcm({ token }: Readonly<{ token: string }>): FcmTarget {
  if (!/^[A-Za-z0-9:_-]+$/.test(token) || token.length > MAX_TOKEN_LENGTH)
    throw badInput(`token must be the registration token, at most ${MAX_TOKEN_LENGTH} characters`)
  return { provider: 'FCM', token }
}

/** Returns the endpoint or the token. */
export function addressOf(target: PushTarget): string {
  return target.provider === 'WEB_PUSH' ? target.endpoint : target.token
}

/** Identifies a target: two devices with the same digest are one installation of an app. */
export function digestOf(target: PushTarget): Buffer {
  return createHash('sha256')
    .update(`${target.provider} ${addressOf(target)}`)
    .digest()
}

/** A target as its row has it. */
export type TargetRow = Readonly<{
  provider: PushProviderName
  address: string
  p256dh: string | null
  auth: string | null
  isSandbox: boolean
  topic: string | null
}>

export function targetOf({ provider, address, p256dh, auth, isSandbox, topic }: TargetRow): PushTarget {
  switch (provider) {
    case 'WEB_PUSH':
      return { provider, endpoint: address, p256dh: p256dh ?? '', auth: auth ?? '' }
    case 'APNS':
      return { provider, token: address, isSandbox, topic }
    case 'FCM':
      return { provider, token: address }
    default:
      return provider satisfies never
  }
}
