import type { UserId } from '../ids.ts'

/** A person, as their token's claims describe them. */
export type User = Readonly<{
  id: UserId
  name: string
  avatarUrl: string | null
}>
