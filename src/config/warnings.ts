import { hostText, parseDatabaseUrl } from './connection-url.ts'
import type { Environment } from './env.ts'

/** What this release understands but does not use yet: said plainly, and no reason not to start. */
export function warningsFor(env: Environment): readonly string[] {
  return [manyHosts(env.DATABASE_URL), replicas(env)].filter((warning) => warning !== undefined)
}

function manyHosts(databaseUrl = ''): string | undefined {
  const url = parseDatabaseUrl(databaseUrl)
  const [first, ...others] = typeof url === 'string' ? [] : url.hosts
  if (first === undefined || others.length === 0) return undefined
  return `DATABASE_URL names several hosts, and this release uses the first alone, ${hostText(first)}: it must be the primary.`
}

function replicas(env: Environment): string | undefined {
  if (env.DATABASE_REPLICA_URLS === undefined) return undefined
  return 'DATABASE_REPLICA_URLS is set, but this release reads from the primary alone.'
}
