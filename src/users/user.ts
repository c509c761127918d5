import type { UserId } from '../ids.ts'

/** A user, as the claims of their tokens describe them. */
export type User = Readonly<{
  id: UserId
  name: string
  avatarUrl: string | null
  /** Set if the user may not sign in. */
  deactivatedAt?: Date
}>

/** A user as a token describes them. `issuedAt` is when the token was issued. */
export type Profile = Omit<User, 'deactivatedAt'> & Readonly<{ issuedAt: Date }>
