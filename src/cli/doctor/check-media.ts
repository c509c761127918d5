import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Config } from '../../config/config.ts'
import type { Secrets } from '../../config/secrets.ts'
import { messageOf } from '../../lib/error-info.ts'
import { createHookClient } from '../../lib/hook-client.ts'
import type { MediaLocation } from '../../config/fields.ts'
import { createInspector } from '../../media/inspector.ts'
import { openStorage } from '../../media/open-storage.ts'
import { SCAN_TIMEOUT_MS } from '../../media/virus-scan.ts'
import { createLogger } from '../../telemetry/logger.ts'
import { createMetrics } from '../../telemetry/metrics.ts'
import { post } from '../../transport/outgoing/post.ts'
import { redactText } from '../../telemetry/redact.ts'
import { type Finding, ok, problem, warning } from './finding.ts'

const SILENT = createLogger({ level: 'silent', pretty: false })

/** Stores a file where the configuration says, reads it and removes it, and inspects a picture. Creates no folder. */
export async function* checkMedia(
  { media, mode, http }: Pick<Config, 'media' | 'mode' | 'http'>,
  { scanSecret }: Pick<Secrets, 'scanSecret'> = {},
): AsyncGenerator<Finding> {
  if (media === undefined) {
    yield ok('uploads are off (MEDIA_URL)')
    return
  }
  yield await checkStorage(media.location)
  yield await checkInspection()
  if (media.scan !== undefined && scanSecret !== undefined)
    yield await checkScanner(media.scan.url, scanSecret)
  if (mode === 'production' && http.publicUrl === undefined && http.trustedProxies.length === 0) {
    yield warning(
      'addresses of files begin with http://, which pages over HTTPS do not load',
      'Set PUBLIC_URL to the address that clients use, such as https://chat.example.',
    )
  }
}

async function checkStorage(location: MediaLocation): Promise<Finding> {
  const place = location.type === 'file' ? `the folder ${location.folder}` : `the bucket ${location.bucket}`
  if (location.type === 'file' && !existsSync(location.folder)) {
    return ok(`${place} will be created with the first file (MEDIA_URL)`)
  }
  const storage = openStorage(location)
  try {
    await storage.probe()
    return ok(`files can be stored, read and removed in ${place} (MEDIA_URL)`)
  } catch (error) {
    return problem(`files cannot be kept in ${place}: ${redactText(messageOf(error))}`, hintFor(location))
  } finally {
    await storage.close().catch(() => undefined)
  }
}

/** A PNG of one pixel. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
)

async function checkInspection(): Promise<Finding> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-doctor-'))
  const inspector = createInspector({ metrics: createMetrics(), logger: SILENT })
  try {
    const path = join(folder, 'pixel')
    await writeFile(path, PIXEL)
    const declared = { fileName: 'pixel.png', declaredType: 'image/png', byteSize: PIXEL.length }
    const { kind } = await inspector.inspect({ path, folder, ...declared })
    if (kind === 'IMAGE') return ok('pictures can be inspected')
    return problem(
      'pictures cannot be inspected, so they become downloads',
      'Install the packages for this system again with npm ci. A process must be allowed 2 GiB of data.',
    )
  } finally {
    await inspector.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** The scanner answers this question with status 200 and nothing else. */
async function checkScanner(url: string, secret: string): Promise<Finding> {
  try {
    await createHookClient({ url, secret, post, timeoutMs: SCAN_TIMEOUT_MS }).ask('ping', {}, () => undefined)
    return ok('the virus scanner answers (SCAN_URL)')
  } catch (error) {
    return problem(
      `the virus scanner does not answer a ping: ${redactText(messageOf(error))}`,
      'Check SCAN_URL, and that the scanner has the same SCAN_SECRET.',
    )
  }
}

function hintFor({ type }: MediaLocation): string {
  return type === 'file'
    ? 'Let the user of this process write to the folder, and free some space on its disk.'
    : 'Check the endpoint and the name of the bucket in MEDIA_URL, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.'
}
