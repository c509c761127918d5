import { join } from 'node:path'
import { diffDatabase } from '../../../scripts/schema-engine.ts'
import { ensurePrismaClient } from '../../../src/store/migrations/ensure-prisma-client.ts'
import { type Place, withClient } from '../../servers/place.ts'

/** The engine cannot be loaded twice in a process. */
let tables: Promise<string> | undefined

/** Generates the peer's Prisma client if necessary, and creates a database with its tables. Returns the URL. */
export async function prepareHandWritten(place: Place): Promise<string> {
  await ensurePrismaClient(import.meta.dirname)
  const url = await place.createDatabase(`hand-written ${Date.now()}`)
  tables ??= diffDatabase(url, join(import.meta.dirname, 'prisma', 'schema.prisma'))
  const sql = await tables
  await withClient(url, (client) => client.query(sql))
  return url
}
