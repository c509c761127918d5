import type { RedisCommand } from './redis-command.ts'
import type { RedisClient } from './redis-client.ts'

/** Sends commands whose answers say nothing, such as a publish. */
export type RedisPosts = Readonly<{
  /** As `RedisConnection.post`. */
  post(command: RedisCommand): Promise<void>
}>

type Dependencies = Readonly<{
  redis: RedisClient
  /** As `RedisConnection.send`. */
  send(commands: readonly RedisCommand[]): Promise<readonly unknown[]>
}>

/** One confirmation covers the commands of this time. */
const CONFIRM_AFTER_MS = 50

/** The start of what ioredis says about an answer without a command. */
const SURPLUS_ANSWER = 'Command queue state error'

type Group = PromiseWithResolvers<void>

/*
 * An answer costs as much as its command: Redis writes it, which wakes up this process to read it. Nothing depends on
 * the answer of a publish. So Redis is told to skip the answer, and the commands of 50 ms are confirmed
 * together: by an ECHO after them, since Redis executes the commands of a connection in order.
 *
 *   post ──▶ written ──▶ 50 ms ──▶ ECHO ──▶ answered: all of the group are executed
 *               │                    └────▶ no answer, or a wrong one: rejected
 *               └── connection lost ──▶ rejected
 *
 * ioredis assigns answers to commands by their order, so a command without an answer must not pass through it. It is
 * written to the connection as it is, between two commands of ioredis. Only if the server has shown that it knows
 * CLIENT REPLY: one that does not would answer both commands. Should it begin to, because its user lost the permission,
 * there is an answer without a command, or the ECHO gets another one's. Then the connection is made anew.
 *
 * The nodes of a cluster get ordinary commands.
 */
export function createRedisPosts({ redis, send }: Dependencies): RedisPosts {
  let canSkipAnswers = false
  let gathering: Group | undefined
  let confirmations = 0

  async function probe(): Promise<void> {
    try {
      const [answer] = await send([['client', 'reply', 'on']])
      canSkipAnswers = answer === 'OK'
    } catch {
      // A proxy, or a user who may not. Every command is answered then.
      canSkipAnswers = false
    }
  }

  function handleLoss(): void {
    canSkipAnswers = false
    gathering?.reject(new Error('The connection to Redis was lost'))
    gathering = undefined
  }

  function gather(): Group {
    const group = Promise.withResolvers<void>()
    setTimeout(() => {
      if (gathering !== group) return
      gathering = undefined
      confirm().then(group.resolve, group.reject)
    }, CONFIRM_AFTER_MS)
    return group
  }

  async function confirm(): Promise<void> {
    confirmations += 1
    const token = `parley ${confirmations}`
    const [answer] = await send([['echo', token]])
    if (answer === token) return
    redis.client.disconnect(true)
    throw new Error('Redis answered another command')
  }

  function handleError({ message }: Error): void {
    if (canSkipAnswers && message.startsWith(SURPLUS_ANSWER)) redis.client.disconnect(true)
  }

  if (redis.type === 'standalone') {
    redis.client.on('error', handleError)
    redis.client.on('ready', () => void probe())
    redis.client.on('close', handleLoss)
  }

  return {
    post(command) {
      const { type, client } = redis
      if (type === 'cluster' || !canSkipAnswers || !client.stream.writable) return answered(send([command]))
      client.stream.write(`${SKIP_ANSWER}${encode(command)}`)
      gathering ??= gather()
      return gathering.promise
    },
  }
}

async function answered(answers: Promise<unknown>): Promise<void> {
  await answers
}

/** Returns the command in the protocol of Redis: an array of strings, with their length in bytes. */
function encode(command: RedisCommand): string {
  let text = `*${command.length}\r\n`
  for (const part of command) {
    const value = String(part)
    text += `$${Buffer.byteLength(value)}\r\n${value}\r\n`
  }
  return text
}

const SKIP_ANSWER = encode(['client', 'reply', 'skip'])
