import type { Environment } from './env.ts'

/** Settings that are valid but will not have the expected effect. They do not prevent a start. */
export function warningsFor(env: Environment): readonly string[] {
  return [strictAlone(env)].filter((warning) => warning !== undefined)
}

function strictAlone({ REPLICATION_POLICY: policy, DATABASE_URL: url }: Environment): string | undefined {
  if (policy !== 'strict' || url !== undefined) return undefined
  return 'REPLICATION_POLICY is strict, and the embedded database has no standby: every send will be rejected. Set DATABASE_URL, or unset REPLICATION_POLICY.'
}
