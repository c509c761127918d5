import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkMedia } from '../../../src/cli/doctor/check-media.ts'
import type { Finding } from '../../../src/cli/doctor/finding.ts'
import type { Config } from '../../../src/config/config.ts'
import type { MediaLocation } from '../../../src/config/fields.ts'
import { startProductHook } from '../../harness/people/product-hook.ts'
import { startS3 } from '../../harness/servers/s3.ts'

const HTTP = { host: '127.0.0.1', port: 0, allowedOrigins: [], allowedHeaders: [], trustedProxies: [] }

const OK = { status: 'ok' }

async function findingsOf(
  location: MediaLocation | undefined,
  more: Partial<Pick<Config, 'mode' | 'http'>> = {},
): Promise<readonly Finding[]> {
  const media = location && {
    location,
    maxUploadBytes: 1,
    contentTypes: [],
    bytesPerDay: 1,
    bytesPerSecond: 1,
  }
  const findings: Finding[] = []
  for await (const finding of checkMedia({ media, mode: 'development', http: HTTP, ...more }))
    findings.push(finding)
  return findings
}

test('says that uploads are off', async () => {
  expect(await findingsOf(undefined)).toMatchObject([{ status: 'ok', what: 'uploads are off (MEDIA_URL)' }])
})

test('tries the folder, and leaves nothing in it but its own', async () => {
  await using resources = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'parley-doctor-'))
  resources.defer(() => rm(folder, { recursive: true }))
  expect(await findingsOf({ type: 'file', folder })).toMatchObject([
    OK,
    { status: 'ok', what: 'pictures can be inspected' },
  ])
  expect(await readdir(folder)).toEqual(['.incoming'])
  expect(await findingsOf({ type: 'file', folder: join(folder, 'new') })).toMatchObject([OK, OK])
  expect(await readdir(folder)).toEqual(['.incoming'])
  const file = join(folder, 'file')
  await writeFile(file, '')
  expect(await findingsOf({ type: 'file', folder: file })).toMatchObject([{ status: 'problem' }, OK])
})

test('tries the bucket, and says what is wrong without one', async () => {
  await using s3 = await startS3()
  expect(await findingsOf(s3.location)).toMatchObject([OK, OK])
  const [missing] = await findingsOf({ ...s3.location, bucket: 'no-such-bucket' })
  expect(missing).toMatchObject({ status: 'problem' })
  expect(JSON.stringify(missing)).toContain('AWS_ACCESS_KEY_ID')
})

test('warns if pages over HTTPS could not load the files', async () => {
  const location = { type: 'file', folder: '/nonexistent/media' } as const
  const statuses = async (more: Partial<Pick<Config, 'mode' | 'http'>>) =>
    (await findingsOf(location, more)).map(({ status }) => status)
  expect(await statuses({ mode: 'production' })).toEqual(['ok', 'ok', 'warning'])
  expect(
    await statuses({ mode: 'production', http: { ...HTTP, publicUrl: 'https://chat.example' } }),
  ).toEqual(['ok', 'ok'])
})

test('asks the virus scanner, and says what is wrong', async () => {
  const scanner = async (status: number): Promise<Finding | undefined> => {
    await using hook = await startProductHook<Readonly<{ type: string }>>(() => ({ status }))
    const location = { type: 'file', folder: '/nonexistent/media' } as const
    const scan = { url: hook.url, acceptsUnchecked: false }
    const media = { location, maxUploadBytes: 1, contentTypes: [], bytesPerDay: 1, bytesPerSecond: 1, scan }
    const findings: Finding[] = []
    for await (const finding of checkMedia(
      { media, mode: 'development', http: HTTP },
      { scanSecret: hook.secret },
    ))
      findings.push(finding)
    expect(hook.questions).toMatchObject([{ type: 'ping' }])
    return findings.at(-1)
  }
  expect(await scanner(200)).toMatchObject({ status: 'ok', what: 'the virus scanner answers (SCAN_URL)' })
  const refused = await scanner(401)
  expect([refused?.status, refused?.what]).toEqual(['problem', expect.stringContaining('401')])
})
