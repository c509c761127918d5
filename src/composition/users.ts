import { elapsedMs } from '../lib/clock.ts'
import { createUserStore } from '../users/user-store.ts'
import { createUsers, type Users } from '../users/users.ts'
import type { Foundation } from './foundation.ts'

export function wireUsers({ database }: Foundation): Users {
  return createUsers({ store: createUserStore(database), elapsedMs, marks: database.marks })
}
