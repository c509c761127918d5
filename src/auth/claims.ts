import type { JWTPayload } from 'jose'
import { ParleyError } from '../errors.ts'
import { isSubject, SYSTEM_USER_ID } from '../ids.ts'
import type { UserId } from '../ids.ts'
import { toSingleLine } from '../lib/single-line.ts'

/** The claims of a verified token. */
export type Claims = Readonly<{
  userId: UserId
  /** The cleaned name, see `toSingleLine`; the subject if the token has no name to show. */
  name: string
  /** An http or https address of at most 2,048 characters. */
  avatarUrl: string | null
  /** Never in the future, so that a wrong clock of the issuer cannot make a token newer than all later ones. */
  issuedAt: Date
  /** The claim `iat` as it is. Undefined if it is missing or malformed. */
  statedIssuedAt: Date | undefined
  /** The claim `jti`. Undefined if it is missing or malformed. */
  tokenId: string | undefined
  /** Undefined if the token does not expire. */
  expiresAt: Date | undefined
}>

const MAX_PICTURE_LENGTH = 2_048
/** The end of the year 9999, in seconds. A later expiry is almost certainly in milliseconds, and never comes. */
const MAX_EXPIRY_S = 253_402_300_799

/**
 * Reads the claims of a verified token.
 *
 * Errors: UNAUTHENTICATED – the subject is reserved or cannot be a user id, or the expiry is after the year 9999.
 */
export function claimsFrom(payload: JWTPayload, nowMs: number): Claims {
  const userId = subjectOf(payload)
  return {
    userId,
    name: nameFrom(payload['name']) ?? nameFrom(userId) ?? 'User',
    avatarUrl: pictureFrom(payload['picture']),
    issuedAt: issuedAt(payload.iat, nowMs),
    statedIssuedAt: statedIssuedAt(payload.iat),
    tokenId: tokenIdFrom(payload.jti),
    expiresAt: expiryOf(payload),
  }
}

function subjectOf({ sub }: JWTPayload): UserId {
  if (typeof sub !== 'string' || !isSubject(sub)) throw invalidSubject(WRONG_SUBJECT)
  if (sub === SYSTEM_USER_ID) throw invalidSubject(RESERVED_SUBJECT)
  return sub as UserId
}

const WRONG_SUBJECT = "The token's subject (sub) must be 1 to 255 characters without control characters."
const RESERVED_SUBJECT = `The token's subject (sub) must not be ${SYSTEM_USER_ID}, which is reserved.`

function invalidSubject(message: string): ParleyError {
  return new ParleyError('UNAUTHENTICATED', message)
}

function nameFrom(value: unknown): string | undefined {
  return typeof value === 'string' ? toSingleLine(value) : undefined
}

function pictureFrom(value: unknown): string | null {
  if (typeof value !== 'string' || value.length > MAX_PICTURE_LENGTH) return null
  const url = URL.parse(value)
  const isWeb = url?.protocol === 'https:' || url?.protocol === 'http:'
  return isWeb && url.href.length <= MAX_PICTURE_LENGTH ? url.href : null
}

/** `iat` is typed as a number, but the verifier does not check it. */
function issuedAt(seconds: unknown, nowMs: number): Date {
  const isPast = typeof seconds === 'number' && seconds >= 0 && seconds * 1000 <= nowMs
  return new Date(isPast ? seconds * 1000 : nowMs)
}

function statedIssuedAt(seconds: unknown): Date | undefined {
  return typeof seconds === 'number' && seconds >= 0 && seconds <= MAX_EXPIRY_S
    ? new Date(seconds * 1000)
    : undefined
}

/** `jti` is typed as a text, but the verifier does not check it. */
function tokenIdFrom(id: unknown): string | undefined {
  return typeof id === 'string' && isTokenId(id) ? id : undefined
}

/** Returns whether a text can be the id of a token: 1 to 255 characters, and nothing that no database stores. */
export function isTokenId(text: string): boolean {
  return isSubject(text)
}

/** Rejects an absurd expiry, because the token would never expire against the intention of its issuer. */
function expiryOf({ exp }: JWTPayload): Date | undefined {
  if (exp === undefined) return undefined
  if (exp <= MAX_EXPIRY_S) return new Date(exp * 1000)
  throw new ParleyError(
    'UNAUTHENTICATED',
    "The token's expiry (exp) is after the year 9999. Set it in seconds since 1970, not in milliseconds.",
  )
}
