import { join } from 'node:path'
import { ensurePrismaClient } from '../src/store/migrations/ensure-prisma-client.ts'

// Generates the Prisma clients, which code that is checked or tested imports: Parley's own, and a benchmark's peer's.
await ensurePrismaClient()
await ensurePrismaClient(join(import.meta.dirname, '..', 'bench', 'peers', 'hand-written'))
