import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ensurePrismaClient } from '../src/store/migrations/ensure-prisma-client.ts'

// Generates the Prisma clients, which code that is checked or tested imports: Parley's own, and a benchmark's peer's.
await ensurePrismaClient()
const peer = join(import.meta.dirname, '..', 'bench', 'peers', 'hand-written')
// Container images have no benchmarks.
if (existsSync(peer)) await ensurePrismaClient(peer)
