import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { type Child, startChild } from './cluster-child.ts'
import { freePort } from './cluster-ports.ts'
import { until } from './cluster-readiness.ts'

const ADVICE =
  'The cluster needs redis-server, 6.2 or newer, and there is none on this machine. Debian, Ubuntu: "sudo apt-get install redis-server"; macOS: "brew install redis".'

/** Starts a Redis without persistence: gateways rebuild its contents. Throws if redis-server is not installed. */
export async function startRedis(folder: string): Promise<Child & Readonly<{ url: string }>> {
  if (spawnSync('redis-server', ['--version']).status !== 0) throw new Error(ADVICE)
  const port = await freePort()
  const child = await startChild({
    name: 'Redis',
    file: 'redis-server',
    args: ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    logFile: join(folder, 'redis.log'),
  })
  await until(child, port)
  return { ...child, url: `redis://127.0.0.1:${port}` }
}
