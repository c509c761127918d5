import { isIP } from 'node:net'
import type { Redis } from 'ioredis'
import { type BackgroundLoop, createBackgroundLoop } from '../lib/background-loop.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { SentinelAnswer } from './sentinels.ts'

const INTERVAL_MS = 2_000

type Dependencies = Readonly<{
  client: Pick<Redis, 'status' | 'stream' | 'disconnect'>
  /** Returns the primary that each sentinel names. Never rejects. */
  ask(): Promise<readonly SentinelAnswer[]>
  logger: Logger
}>

/**
 * Leaves a primary that the sentinels have replaced but that still answers, as only the sentinels have lost it.
 * Gateways on two primaries would not receive each other's messages. The client then asks the sentinels for the other.
 *
 * ioredis has a detector for this. It reports errors of its connections on the console, and does not handle a failed
 * subscription, which ends the process.
 */
export function createSentinelWatch({ client, ask, logger }: Dependencies): BackgroundLoop {
  return createBackgroundLoop({
    component: 'sentinel watch',
    async run() {
      const { stream } = client
      const primary = mostNamed(await ask())
      if (client.status !== 'ready' || client.stream !== stream || primary === undefined) return
      if (primary === addressOf(stream)) return
      logger.warn({ primary }, 'sentinels name another primary; the connection is cut')
      client.disconnect(true)
    },
    intervalMs: INTERVAL_MS,
    startsWithRest: true,
    logger,
  })
}

/** Returns the address that most sentinels name. A host name cannot be compared to a connection. */
function mostNamed(answers: readonly SentinelAnswer[]): string | undefined {
  const groups = [...Map.groupBy(answers, ({ primary }) => primary)]
  const [primary] = groups.find(([, group]) => group.length > answers.length / 2) ?? []
  return primary === undefined || isIP(primary.slice(0, primary.lastIndexOf(':'))) === 0 ? undefined : primary
}

/** IPv4 may come as an IPv6 address. */
function addressOf({ remoteAddress = '', remotePort = 0 }: Redis['stream']): string {
  return `${remoteAddress.replace(/^::ffff:/, '')}:${remotePort}`
}
