import * as z from 'zod'
import { globalId } from '../ids.ts'
import type { Clock } from '../lib/clock.ts'
import { createHookClient } from '../lib/hook-client.ts'
import type { Post } from '../lib/outgoing-post.ts'
import { toSingleLine } from '../lib/single-line.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { UNKNOWN_TYPE } from './file-kind.ts'
import type { MediaLinks } from './media-links.ts'
import type { MediaStorage } from './storage.ts'
import type { Inspected, Upload } from './upload-store.ts'

/** The answer of the scanner. `unknown`: it could not be asked, and the configuration does not accept such files. */
export type Verdict = 'clean' | 'infected' | 'unknown'

/** Asks the product's scanner about each file before it can be sent. */
export type VirusScan = Readonly<{
  /** Asks about the stored file of an attempt. Resolves within `SCAN_TIMEOUT_MS`. Never rejects. */
  check(upload: Upload, attempt: string, inspected: Inspected): Promise<Verdict>
}>

/** How long the scanner may take for a file, in milliseconds. */
export const SCAN_TIMEOUT_MS = 30_000

/** How long the scanner may begin to fetch a file. */
const ADDRESS_MS = 60_000

const ANSWER = z.discriminatedUnion('verdict', [
  z.object({ verdict: z.literal('clean') }),
  z.object({ verdict: z.literal('infected'), threat: z.string().default('') }),
])

type Dependencies = Readonly<{
  url: string
  secret: string
  /** Whether files are accepted while the scanner cannot be asked. */
  acceptsUnchecked: boolean
  /** The address of the gateways, for files that the storage does not serve itself. */
  baseUrl: string
  links: Pick<MediaLinks, 'scan'>
  storage: Pick<MediaStorage, 'directUrl'>
  post: Post
  clock: Clock
  metrics: Pick<Metrics, 'mediaScans'>
  logger: Logger
}>

/**
 * The scanner gets the file as others would get it: images are encoded again before. It fetches the file at an address
 * that is valid for a minute, of the storage or of a gateway.
 */
export function createVirusScan(dependencies: Dependencies): VirusScan {
  const { acceptsUnchecked, baseUrl, links, storage, clock, metrics, logger } = dependencies
  const client = createHookClient({
    ...dependencies,
    timeoutMs: SCAN_TIMEOUT_MS,
    onBreak: () => logger.error({ acceptsUnchecked }, 'virus scanner fails; it is not asked for ten seconds'),
    onReset: () => logger.info('virus scanner answers again'),
  })

  async function ask({ id, storageKey, uploaderId }: Upload, attempt: string, inspected: Inspected) {
    const expiresAt = new Date(clock.now() + ADDRESS_MS)
    const headers = { contentType: UNKNOWN_TYPE, disposition: 'attachment' }
    const direct = await storage.directUrl(`${storageKey}/${attempt}/file`, headers)
    const question = {
      attachmentId: globalId.attachment(id),
      uploaderId: globalId.user(uploaderId),
      fileName: inspected.fileName,
      contentType: inspected.contentType,
      byteSize: inspected.byteSize,
      url: direct ?? `${baseUrl}${links.scan(id, attempt, expiresAt)}`,
      urlExpiresAt: expiresAt.toISOString(),
    }
    return client.ask('file.scan', question, (body) => ANSWER.parse(JSON.parse(body)))
  }

  async function verdictOn(...[upload, attempt, inspected]: Parameters<typeof ask>): Promise<Verdict> {
    try {
      const answer = await ask(upload, attempt, inspected)
      if (answer.verdict === 'clean') return 'clean'
      const { id, uploaderId: userId } = upload
      logger.warn({ id, userId, threat: toSingleLine(answer.threat) }, 'upload is infected; it is deleted')
      return 'infected'
    } catch (error) {
      logger.debug({ err: error }, 'virus scanner failed')
      return 'unknown'
    }
  }

  return {
    async check(upload, attempt, inspected) {
      const verdict = await verdictOn(upload, attempt, inspected)
      metrics.mediaScans.inc({ verdict })
      return verdict === 'unknown' && acceptsUnchecked ? 'clean' : verdict
    },
  }
}
