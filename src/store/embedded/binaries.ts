import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'

/** The absolute paths of the server's programs. */
export type Binaries = Readonly<{ initdb: string; postgres: string; pgCtl: string }>

/**
 * Finds the programs for this machine, which npm installs as an optional dependency of `embedded-postgres`. Throws
 * EmbeddedPostgresError if they are not installed.
 */
export async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    const entry = createRequire(import.meta.url).resolve('embedded-postgres')
    const programs: unknown = await import(pathToFileURL(createRequire(entry).resolve(name)).href)
    return toBinaries(programs as Readonly<Record<string, unknown>>)
  } catch (error) {
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL for this machine (${name}) is not installed. Run \`npm ci\` with optional dependencies, ` +
        `or set DATABASE_URL to a PostgreSQL server.`,
      { cause: error },
    )
  }
}

function toBinaries({ initdb, postgres, pg_ctl: pgCtl }: Readonly<Record<string, unknown>>): Binaries {
  if (typeof initdb === 'string' && typeof postgres === 'string' && typeof pgCtl === 'string') {
    return { initdb, postgres, pgCtl }
  }
  throw new TypeError('The package does not name its programs')
}
