import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import type { MediaLocation } from '../../../src/config/fields.ts'
import { until } from '../fixtures/until.ts'
import { freePort } from '../network/free-port.ts'
import { killWithTestRun } from './reaper.ts'

const BUCKET = 'parley-files'
const USER = { accessKeyId: 'test:tester', secretAccessKey: 'testing' }

/** OpenStack Swift with its API of S3, and a bucket in it. */
export type TestSwift = AsyncDisposable & Readonly<{ location: Extract<MediaLocation, { type: 's3' }> }>

const SERVERS = ['account', 'container', 'object'] as const

/** Starts Swift on free ports of loopback, with one disk. The keys of this process become those of the server. */
export async function startSwift(): Promise<TestSwift> {
  ensureSwift()
  await using resources = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'parley-swift-'))
  resources.defer(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'disks', 'one'), { recursive: true })
  await writeFile(join(folder, 'swift.conf'), COMMON)
  for (const name of SERVERS) {
    const port = await freePort()
    await writeFile(join(folder, `${name}.conf`), storageConfig(folder, name, port))
    const ring = join(folder, `${name}.builder`)
    build(ring, 'create', '4', '1', '1')
    build(ring, 'add', `r1z1-127.0.0.1:${port}/one`, '1')
    build(ring, 'rebalance')
  }
  const port = await freePort()
  await writeFile(join(folder, 'proxy.conf'), proxyConfig(folder, port))
  for (const name of [...SERVERS, 'proxy']) {
    const child = spawn(`swift-${name}-server`, [join(folder, `${name}.conf`)], { stdio: 'ignore' })
    killWithTestRun(child)
    resources.defer(() => end(child))
  }
  const endpoint = `http://127.0.0.1:${port}`
  await until(() => isReady(endpoint), 30_000)
  await createBucket(endpoint)
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: USER.accessKeyId,
    AWS_SECRET_ACCESS_KEY: USER.secretAccessKey,
  })
  const kept = resources.move()
  const place = { endpoint, publicEndpoint: undefined, region: 'us-east-1', isPathStyle: true } as const
  return {
    location: { type: 's3', bucket: BUCKET, ...place },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

async function isReady(endpoint: string): Promise<boolean> {
  try {
    return (await fetch(`${endpoint}/info`)).ok
  } catch {
    return false
  }
}

async function createBucket(endpoint: string): Promise<void> {
  const client = new S3Client({
    // On a busy machine, the first requests are answered with "reduce your request rate".
    maxAttempts: 10,
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: USER,
    requestChecksumCalculation: 'WHEN_REQUIRED',
  })
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }))
  client.destroy()
}

function build(ring: string, ...args: readonly string[]): void {
  const { status, stdout } = spawnSync('swift-ring-builder', [ring, ...args])
  if (status !== 0) throw new Error(`swift-ring-builder failed: ${String(stdout)}`)
}

const COMMON = `
[swift-hash]
swift_hash_path_prefix = parley
swift_hash_path_suffix = parley
[storage-policy:0]
name = one
default = yes
`

function commonConfig(folder: string, port: number): string {
  return `
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${port}
workers = 0
user = ${userInfo().username}
swift_dir = ${folder}
log_address = /dev/null
`
}

function storageConfig(folder: string, name: (typeof SERVERS)[number], port: number): string {
  return `${commonConfig(folder, port)}
devices = ${join(folder, 'disks')}
mount_check = false
disable_fallocate = true
[pipeline:main]
pipeline = ${name}-server
[app:${name}-server]
use = egg:swift#${name}
`
}

/** The middlewares in the order in which requests pass them. */
const PIPELINE = [
  'catch_errors',
  'cache',
  'listing_formats',
  's3api',
  'tempauth',
  'copy',
  'slo',
  'versioned_writes',
]

const SETTINGS: Readonly<Record<string, string>> = {
  cache: 'use = egg:swift#memcache\nmemcache_servers = 127.0.0.1:1',
  s3api: 'use = egg:swift#s3api\nlocation = us-east-1\ndns_compliant_bucket_names = false',
  tempauth: 'use = egg:swift#tempauth\nuser_test_tester = testing .admin',
}

function proxyConfig(folder: string, port: number): string {
  const filters = PIPELINE.map((name) => `[filter:${name}]\n${SETTINGS[name] ?? `use = egg:swift#${name}`}`)
  return `${commonConfig(folder, port)}
[pipeline:main]
pipeline = ${PIPELINE.join(' ')} proxy-server
${filters.join('\n')}
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
`
}

const PACKAGES = 'swift-proxy swift-account swift-container swift-object'
const ADVICE = `These tests need OpenStack Swift. Debian, Ubuntu: "apt-get install ${PACKAGES}".`

// Tests run in parallel: the first installs Swift, the others wait. RUNLEVEL=1 keeps Debian from starting servers.
const INSTALL = `
  exec 9> /tmp/parley-tests-swift.lock && flock 9
  command -v swift-proxy-server && exit
  export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
  apt-get update --quiet
  apt-get -o DPkg::Lock::Timeout=120 install --yes --quiet --no-install-recommends ${PACKAGES}`

/** Installs Swift if it is missing and this is root on Debian. */
function ensureSwift(): void {
  if (spawnSync('sh', ['-c', 'command -v swift-proxy-server']).status === 0) return
  if (process.getuid?.() !== 0) throw new Error(ADVICE)
  if (spawnSync('sh', ['-c', INSTALL], { stdio: 'inherit' }).status !== 0) throw new Error(ADVICE)
}
