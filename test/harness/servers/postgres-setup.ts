import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TestProject } from 'vitest/node'
import { startEmbeddedPostgres } from '../../../src/store/embedded/embedded-postgres.ts'
import { migrate } from '../../../src/store/migrations/migrate.ts'
import { startFolderReaper } from './reaper.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** A migrated database without connections: the template of every test's own database. */
    postgresUrl: string
  }
}

/**
 * Starts one PostgreSQL server for the whole run, in its own folder. Vitest calls this once per project, one after the
 * other: the first call starts the server, the others share it through the root project.
 */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const root = project.vitest.getRootProject()
  if ('postgresUrl' in root.getProvidedContext()) return undefined
  const dataDir = await mkdtemp(path.join(tmpdir(), 'parley-test-'))
  startFolderReaper(dataDir)
  const server = await startEmbeddedPostgres({ dataDir, settings: { max_connections: '300' } })
  await migrate({ url: server.url })
  root.provide('postgresUrl', server.url)
  return async () => {
    await server.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}
