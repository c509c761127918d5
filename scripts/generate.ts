import { ensurePrismaClient } from '../src/store/migrations/ensure-prisma-client.ts'

// What has to be there before anything that imports the database's client is checked or tested.
await ensurePrismaClient()
