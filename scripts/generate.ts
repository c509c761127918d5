import { ensurePrismaClient } from '../src/store/migrations/ensure-prisma-client.ts'

// Generates the Prisma client, which code that is checked or tested imports.
await ensurePrismaClient()
