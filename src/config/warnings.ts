import type { Environment } from './env.ts'

/** Settings that are valid but will not have the expected effect. They do not prevent a start. */
export function warningsFor(env: Environment): readonly string[] {
  return [strictAlone(env), folderForSeveral(env)].filter((warning) => warning !== undefined)
}

function folderForSeveral({ MEDIA_URL: url, REDIS_URL: redis }: Environment): string | undefined {
  if (url?.startsWith('file:') !== true || redis === undefined) return undefined
  return 'MEDIA_URL is a folder, and REDIS_URL connects several gateways: all of them must share that folder. Use a network file system, or S3.'
}

function strictAlone({ REPLICATION_POLICY: policy, DATABASE_URL: url }: Environment): string | undefined {
  if (policy !== 'strict' || url !== undefined) return undefined
  return 'REPLICATION_POLICY is strict, and the embedded database has no standby: every send will be rejected. Set DATABASE_URL, or unset REPLICATION_POLICY.'
}
