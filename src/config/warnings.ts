import type { Environment } from './env.ts'

/** Settings that are valid but will not have the expected effect. They do not prevent a start. */
export function warningsFor(env: Environment): readonly string[] {
  return [strictAlone(env), folderForSeveral(env), privatePush(env), idlePush(env)].filter(
    (warning) => warning !== undefined,
  )
}

function folderForSeveral({ MEDIA_URL: url, REDIS_URL: redis }: Environment): string | undefined {
  if (url?.startsWith('file:') !== true || redis === undefined) return undefined
  return 'MEDIA_URL is a folder, and REDIS_URL connects several gateways: all of them must share that folder. Use a network file system, or S3.'
}

function privatePush({ PUSH_ALLOW_PRIVATE: allows, NODE_ENV: mode }: Environment): string | undefined {
  if (allows !== 'on' || mode !== 'production') return undefined
  return 'PUSH_ALLOW_PRIVATE is on: users can make Parley send requests into private networks. Unset it, unless you run a push service of your own.'
}

function idlePush(env: Environment): string | undefined {
  const isOn = env.PUSH_VAPID_KEY ?? env.PUSH_APNS_KEY_FILE ?? env.PUSH_FCM_ACCOUNT_FILE
  if (isOn !== undefined || env.PUSH_CONTENT === undefined) return undefined
  return 'PUSH_CONTENT is set, but no provider is: set PUSH_VAPID_KEY, PUSH_APNS_KEY_FILE or PUSH_FCM_ACCOUNT_FILE, or unset it.'
}

function strictAlone({ REPLICATION_POLICY: policy, DATABASE_URL: url }: Environment): string | undefined {
  if (policy !== 'strict' || url !== undefined) return undefined
  return 'REPLICATION_POLICY is strict, and the embedded database has no standby: every send will be rejected. Set DATABASE_URL, or unset REPLICATION_POLICY.'
}
