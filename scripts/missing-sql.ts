import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { startEmbeddedPostgres } from '../src/store/embedded/embedded-postgres.ts'
import { migrate } from '../src/store/migrations/migrate.ts'
import { diffDatabase } from './schema-engine.ts'

/** The folder of the migrations, each in its own folder. */
export const MIGRATIONS = fileURLToPath(new URL('../prisma/migrations', import.meta.url))
const SCHEMA = fileURLToPath(new URL('../prisma/schema.prisma', import.meta.url))

/** Returns the SQL that the migrations lack compared with schema.prisma, or an empty text if they match. */
export async function missingSql(): Promise<string> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'parley-schema-'))
  try {
    await using server = await startEmbeddedPostgres({ dataDir })
    await migrate({ url: server.url, directory: MIGRATIONS })
    return await diffDatabase(server.url, SCHEMA)
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}
