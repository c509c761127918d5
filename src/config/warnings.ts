import type { Environment } from './env.ts'

/** What is set and understood, and will not do what one may hope for: said plainly, and no reason not to start. */
export function warningsFor(env: Environment): readonly string[] {
  return [strictAlone(env)].filter((warning) => warning !== undefined)
}

function strictAlone({ REPLICATION_POLICY: policy, DATABASE_URL: url }: Environment): string | undefined {
  if (policy !== 'strict' || url !== undefined) return undefined
  return 'REPLICATION_POLICY is strict, and the embedded database has no standby: every send will be refused.'
}
