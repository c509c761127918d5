import { ensurePrismaClient } from '../../../src/store/migrations/ensure-prisma-client.ts'

/** Generates the Prisma client if it is missing or older than its schema, so that every test file can import it. */
export default async function setup(): Promise<void> {
  await ensurePrismaClient()
}
