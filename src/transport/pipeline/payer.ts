import type { UserId } from '../../ids.ts'

/** Work is charged to a user, or to the network of a client that has not presented a valid token. */
export type Payer = Readonly<{ userId: UserId | undefined; address: string }>

/** The name of a payer in budgets. */
export function nameOf({ userId, address }: Payer): string {
  return userId === undefined ? `address ${address}` : `user ${userId}`
}
