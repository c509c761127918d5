import { createHash } from 'node:crypto'
import { RedisCall } from './redis-call.ts'
import type { RedisClient } from './redis-client.ts'

export type RedisCommand = readonly [name: string, ...args: (string | number)[]]

/** The digests of all scripts that were run, by which Redis finds them. A gateway has about a dozen scripts. */
const digests = new Map<string, string>()

/**
 * Sends a command. `eval` sends the digest of the script first: a script is longer than its arguments, and Redis would
 * have to hash it each time. A server that does not know the script has executed nothing and gets it then.
 */
export async function sendCommand(redis: RedisClient, [name, ...args]: RedisCommand): Promise<unknown> {
  if (name !== 'eval') return call(redis, name, args)
  const [script, ...rest] = args
  try {
    return await call(redis, 'evalsha', [digestOf(String(script)), ...rest])
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
    return call(redis, 'eval', args)
  }
}

/** The commands to a cluster go into pipelines, which find the node of each. */
function call({ type, client }: RedisClient, name: string, args: readonly (string | number)[]): unknown {
  return type === 'cluster' ? client.call(name, ...args) : client.sendCommand(new RedisCall(name, args))
}

function digestOf(script: string): string {
  const digest = digests.get(script) ?? createHash('sha1').update(script).digest('hex')
  digests.set(script, digest)
  return digest
}
