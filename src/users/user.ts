import type { UserId } from '../ids.ts'
import type { JsonObject } from '../lib/bounded-json.ts'

/** A user, as the claims of their tokens describe them. */
export type User = Readonly<{
  id: UserId
  name: string
  avatarUrl: string | null
  /** The product's own data. */
  data: JsonObject | null
  /** Set if the user may not sign in. */
  deactivatedAt?: Date
}>

/** A user as a token describes them. `issuedAt` is when the token was issued. */
export type Profile = Omit<User, 'deactivatedAt' | 'data'> & Readonly<{ issuedAt: Date }>

/** A user as the product's backend describes them. */
export type UserInput = Omit<User, 'deactivatedAt' | 'data' | 'avatarUrl'> &
  Readonly<{
    /** Null keeps the picture. */
    avatarUrl: string | null
    /** Undefined keeps the data. Null removes it. */
    data: JsonObject | null | undefined
  }>
