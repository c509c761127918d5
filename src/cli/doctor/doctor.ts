import { ConfigError } from '../../config/config-error.ts'
import { loadConfig, type LoadedConfig } from '../../config/load-config.ts'
import type { Process, RunCommand } from '../process.ts'
import { checkDatabase } from './check-database.ts'
import { checkKeys } from './check-keys.ts'
import { checkMedia } from './check-media.ts'
import { checkNode } from './check-node.ts'
import { checkPorts } from './check-ports.ts'
import { checkPush } from './check-push.ts'
import { checkRedis } from './check-redis.ts'
import { type Finding, findingLines, ok, problem, warning } from './finding.ts'

/** Prints each finding as soon as it is known. Exit code 1 if there is a problem. */
export const doctor: RunCommand = async ({ env, print }) => {
  let hasProblem = false
  for await (const finding of checkAll(env)) {
    print(findingLines(finding))
    hasProblem ||= finding.status === 'problem'
  }
  return hasProblem ? 1 : 0
}

async function* checkAll(env: Process['env']): AsyncGenerator<Finding> {
  yield checkNode(process.versions.node)
  const loaded = tryLoad(env)
  if (loaded instanceof ConfigError) {
    for (const mistake of loaded.problems) yield problem('the environment', mistake)
    return
  }
  yield ok(`the configuration is complete (${loaded.config.mode})`)
  for (const sentence of loaded.warnings) yield warning('the configuration', sentence)
  yield* checkPorts(loaded.config)
  yield await checkKeys(loaded.config, loaded.secrets)
  yield* checkDatabase(loaded)
  yield* checkMedia(loaded.config, loaded.secrets)
  yield* checkPush(loaded.config, loaded.secrets)
  const { redisUrls } = loaded.secrets
  if (redisUrls.length > 0) yield* checkRedis(redisUrls)
}

function tryLoad(env: Process['env']): LoadedConfig | ConfigError {
  try {
    return loadConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
}
