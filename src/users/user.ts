import type { UserId } from '../ids.ts'

/** A user, as the claims of their tokens describe them. */
export type User = Readonly<{
  id: UserId
  name: string
  avatarUrl: string | null
}>
