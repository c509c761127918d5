import { existsSync } from 'node:fs'
import type { Config } from '../../config/config.ts'
import { messageOf } from '../../lib/error-info.ts'
import type { MediaLocation } from '../../config/fields.ts'
import { openStorage } from '../../media/open-storage.ts'
import { redactText } from '../../telemetry/redact.ts'
import { type Finding, ok, problem, warning } from './finding.ts'

/** Stores a file where the configuration says, reads it and removes it. Creates no folder. */
export async function* checkMedia({
  media,
  mode,
  http,
}: Pick<Config, 'media' | 'mode' | 'http'>): AsyncGenerator<Finding> {
  if (media === undefined) {
    yield ok('uploads are off (MEDIA_URL)')
    return
  }
  yield await checkStorage(media.location)
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

function hintFor({ type }: MediaLocation): string {
  return type === 'file'
    ? 'Let the user of this process write to the folder, and free some space on its disk.'
    : 'Check the endpoint and the name of the bucket in MEDIA_URL, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.'
}
