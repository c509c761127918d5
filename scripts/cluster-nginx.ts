import { spawnSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Child, startChild } from './cluster-child.ts'
import { until } from './cluster-readiness.ts'

/** Settings that differ between a container and this machine. */
export type NginxPlace = Readonly<{
  folder: string
  /** On loopback. */
  port: number
  gatewayPorts: readonly number[]
  /** Whether nginx runs as root. Its workers would then be another user without access to the folder. */
  isRoot: boolean
}>

const CONFIG = join(import.meta.dirname, '..', 'deploy', 'nginx.conf')
/** One worker is enough on a machine that also runs everything else. */
const WORKERS = 1

/** Returns the deployed configuration with this machine's addresses and folder. Throws if it has no place for them. */
export function nginxConfigFor(deployed: string, place: NginxPlace): string {
  const { folder, port, gatewayPorts, isRoot } = place
  const servers = gatewayPorts.map((each) => `    server 127.0.0.1:${each} max_fails=1 fail_timeout=2s;\n`)
  const replacements: readonly (readonly [RegExp, string])[] = [
    [/^worker_processes .*;$/m, `worker_processes ${WORKERS};${isRoot ? '\nuser root;' : ''}\ndaemon off;`],
    [/(^ *server gateway-.*;\n)+/m, servers.join('')],
    [/^ *resolver .*;\n/m, ''],
    [/worker_connections \d+;/, 'worker_connections 1024;'],
    [/listen \d+;/, `listen 127.0.0.1:${port};`],
    [/(?<= )\/tmp\//g, `${folder}/nginx/`],
  ]
  return replacements.reduce(replaced, deployed)
}

function replaced(text: string, [pattern, replacement]: readonly [RegExp, string]): string {
  if (text.search(pattern) === -1) throw new Error(`deploy/nginx.conf has nothing like ${pattern.source}`)
  return text.replaceAll(new RegExp(pattern.source, 'gm'), () => replacement)
}

export function hasNginx(): boolean {
  return spawnSync('nginx', ['-v']).status === 0
}

/** Resolves when nginx accepts connections. `edit` may change its configuration. */
export async function startNginx(
  place: NginxPlace,
  edit: (config: string) => string = (config) => config,
): Promise<Child> {
  await mkdir(join(place.folder, 'nginx'), { recursive: true })
  const file = join(place.folder, 'nginx.conf')
  await writeFile(file, edit(nginxConfigFor(await readFile(CONFIG, 'utf8'), place)))
  const child = await startChild({
    name: 'nginx',
    file: 'nginx',
    args: ['-c', file, '-p', place.folder, '-e', 'stderr'],
    logFile: join(place.folder, 'nginx.log'),
  })
  await until(child, place.port)
  return child
}
