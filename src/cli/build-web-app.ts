import { execFile } from 'node:child_process'
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Logger } from '../telemetry/logger.ts'

const ROOT = join(import.meta.dirname, '..', '..')
/** The sources of the app. */
const SOURCES = ['apps/chat', 'packages/client/src', 'packages/react/src']
/** The published package contains the built app, and no sources. */
const IS_COMPILED = import.meta.filename.endsWith('.js')

type Options = Readonly<{
  logger: Logger
  /** Ends the build. */
  signal: AbortSignal
  /** The folder of the repository. Default: the one of this file. */
  root?: string
}>

/**
 * Builds the web app if it is missing or older than its sources. Takes about two seconds and needs no network. Never
 * rejects: without the app, the gateway works, and the log says what to do. Resolves once nothing of a build that was
 * ended is left.
 */
export async function buildWebApp({ logger, signal, root = ROOT }: Options): Promise<void> {
  if (IS_COMPILED) return
  const app = join(root, 'apps', 'chat')
  try {
    const sourceMs = await newestMs(SOURCES.map((path) => join(root, path)))
    if (sourceMs === undefined) return
    const builtMs = await modifiedMs(join(app, 'dist', 'index.html'))
    if (builtMs !== undefined && builtMs >= sourceMs) return
    logger.info(
      builtMs === undefined ? 'building the web app' : 'building the web app again; its source has changed',
    )
    const startedAt = performance.now()
    await removeLeftovers(app)
    await build(app, signal)
    logger.info({ ms: Math.round(performance.now() - startedAt) }, 'web app built')
  } catch (error) {
    if (signal.aborted) return
    logger.warn({ err: error }, 'web app cannot be built; run "npm ci", then "npm run build:app"')
  }
}

/** Builds beside the folder that is served, so that no request finds half an app. */
async function build(app: string, signal: AbortSignal): Promise<void> {
  const vite = join(
    dirname(createRequire(join(app, 'package.json')).resolve('vite/package.json')),
    'bin',
    'vite.js',
  )
  const folder = join(app, `dist-${process.pid}`)
  const building = promisify(execFile)(
    process.execPath,
    [vite, 'build', app, '--outDir', folder, '--logLevel', 'error'],
    { cwd: app, signal, env: { ...process.env, NODE_ENV: 'production' } },
  )
  // The promise rejects as soon as the signal is aborted. Vite may still write then.
  const closed = new Promise((resolve) => void building.child.once('close', resolve))
  try {
    await building
    await rm(join(app, 'dist'), { recursive: true, force: true })
    await rename(folder, join(app, 'dist'))
  } finally {
    await closed
    await rm(folder, { recursive: true, force: true })
  }
}

/** Removes what gateways left behind that were killed while they built. */
async function removeLeftovers(app: string): Promise<void> {
  const names = (await readdir(app)).filter((name) => {
    const [, pid] = /^dist-(\d+)$/.exec(name) ?? []
    return pid !== undefined && !isRunning(Number(pid))
  })
  await Promise.all(names.map((name) => rm(join(app, name), { recursive: true, force: true })))
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** When the newest source was changed. Undefined if there are none, as in a container image. */
async function newestMs(folders: readonly string[]): Promise<number | undefined> {
  const times = await Promise.all(folders.map(newestIn))
  return times.reduce((a, b) => (a === undefined || b === undefined ? undefined : Math.max(a, b)))
}

async function newestIn(folder: string): Promise<number | undefined> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => undefined)
  if (entries === undefined) return undefined
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !/[/\\](dist[^/\\]*|test|node_modules)[/\\]/.test(file))
  const times = await Promise.all(files.map(modifiedMs))
  return times.reduce<number>((newest, ms) => Math.max(newest, ms ?? 0), 0)
}

async function modifiedMs(file: string): Promise<number | undefined> {
  return stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  )
}
