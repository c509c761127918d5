import { Redis } from 'ioredis'
import { hostText, type Host, parseSentinelUrl } from '../config/connection-url.ts'
import { REDIS_DEADLINE_MS, SENTINEL_PORT } from './redis-client.ts'

/** The answer of a sentinel. `primary` is undefined if it does not answer, or does not know the name. */
export type SentinelAnswer = Readonly<{ sentinel: string; primary: string | undefined }>

/** Asks each sentinel of a Sentinel URL for the address of the primary. Never rejects. */
export async function askSentinels(url: string): Promise<readonly SentinelAnswer[]> {
  const parsed = parseSentinelUrl(url)
  if (typeof parsed === 'string') return []
  const { sentinels, name, isEncrypted, sentinelUsername, sentinelPassword } = parsed

  async function primaryOf({ host, port }: Host): Promise<string | undefined> {
    const client = new Redis({
      host: host.replaceAll(/^\[|\]$/g, ''),
      port: Number(port ?? SENTINEL_PORT),
      lazyConnect: true,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
      connectTimeout: REDIS_DEADLINE_MS,
      commandTimeout: REDIS_DEADLINE_MS,
      ...(isEncrypted ? { tls: {} } : {}),
      ...(sentinelUsername === undefined ? {} : { username: sentinelUsername }),
      ...(sentinelPassword === undefined ? {} : { password: sentinelPassword }),
    })
    // Every failure rejects the command as well.
    client.on('error', () => undefined)
    try {
      await client.connect()
      const address = await client.call('sentinel', 'get-master-addr-by-name', name)
      return Array.isArray(address) ? address.map(String).join(':') : undefined
    } catch {
      return undefined
    } finally {
      client.disconnect()
    }
  }

  return Promise.all(
    sentinels.map(async (sentinel) => ({ sentinel: hostText(sentinel), primary: await primaryOf(sentinel) })),
  )
}
