import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { hasNginx, startNginx } from '../../../scripts/cluster-nginx.ts'
import { freePort } from '../network/free-port.ts'

/** A load balancer with the configuration in deploy/. */
export type TestNginx = AsyncDisposable &
  Readonly<{
    /** The HTTP address of the API through nginx. */
    url: string
  }>

export type NginxOptions = Readonly<{
  /** How long a connection may be idle. Default: as in deploy/. */
  idleSeconds?: number
}>

/** Starts nginx on a free port of loopback in front of gateways. */
export async function startTestNginx(
  urls: readonly string[],
  { idleSeconds }: NginxOptions = {},
): Promise<TestNginx> {
  ensureNginx()
  await using resources = new AsyncDisposableStack()
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-nginx-'))
  resources.defer(() => rm(folder, { recursive: true, force: true }))
  const port = await freePort()
  const gatewayPorts = urls.map((url) => Number(new URL(url).port))
  const place = { folder, port, gatewayPorts, isRoot: process.getuid?.() === 0 }
  const nginx = await startNginx(place, (config) =>
    idleSeconds === undefined ? config : withIdleTimeout(config, idleSeconds),
  )
  resources.defer(() => nginx.stop())
  const kept = resources.move()
  return { url: `http://127.0.0.1:${port}/graphql`, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

function withIdleTimeout(config: string, seconds: number): string {
  return config.replace(/proxy_read_timeout \w+;/, `proxy_read_timeout ${seconds}s;`)
}

const ADVICE = 'These tests need nginx. Debian, Ubuntu: "apt-get install nginx"; macOS: "brew install nginx".'

// Tests run in parallel: the first installs nginx, the others wait. RUNLEVEL=1 keeps Debian from starting a server.
const INSTALL = `
  exec 9> /tmp/parley-tests-nginx.lock && flock 9
  command -v nginx && exit
  export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
  apt-get update --quiet
  apt-get -o DPkg::Lock::Timeout=120 install --yes --quiet --no-install-recommends nginx`

/** Installs nginx if it is missing and this is root on Debian. */
export function ensureNginx(): void {
  if (hasNginx()) return
  if (process.getuid?.() !== 0) throw new Error(ADVICE)
  if (spawnSync('sh', ['-c', INSTALL], { stdio: 'inherit' }).status !== 0) throw new Error(ADVICE)
}
