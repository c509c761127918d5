import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TestProject } from 'vitest/node'
import { startEmbeddedPostgres } from '../../../src/store/embedded/embedded-postgres.ts'
import { migrate } from '../../../src/store/migrations/migrate.ts'
import { startReaper } from './postgres-reaper.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** A migrated database that nobody connects to: the pattern of every test's own. */
    postgresUrl: string
  }
}

/** One server for the whole run, in a folder of its own, gone afterwards however the run ends. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'parley-test-'))
  startReaper(dataDir)
  const server = await startEmbeddedPostgres({ dataDir, settings: { max_connections: '300' } })
  await migrate({ url: server.url })
  project.provide('postgresUrl', server.url)
  return async () => {
    await server.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}
