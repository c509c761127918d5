import { execFile } from 'node:child_process'
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Logger } from '../telemetry/logger.ts'
import { WEB_APP_FOLDER } from '../transport/http/web-app.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const APP = dirname(WEB_APP_FOLDER)
/** The sources of the app. */
const SOURCES = ['apps/chat', 'packages/client/src', 'packages/react/src'].map((path) => join(ROOT, path))
/** The published package contains the built app, and no sources. */
const IS_COMPILED = import.meta.filename.endsWith('.js')

type Options = Readonly<{ logger: Logger; signal: AbortSignal }>

/**
 * Builds the web app if it is missing or older than its sources. Takes about two seconds and needs no network. Never
 * rejects: without the app, the gateway works, and the log says what to do.
 */
export async function buildWebApp({ logger, signal }: Options): Promise<void> {
  if (IS_COMPILED) return
  try {
    const sourceMs = await newestMs(SOURCES)
    if (sourceMs === undefined) return
    const builtMs = await modifiedMs(join(WEB_APP_FOLDER, 'index.html'))
    if (builtMs !== undefined && builtMs >= sourceMs) return
    logger.info(
      builtMs === undefined ? 'building the web app' : 'building the web app again; its source has changed',
    )
    const startedAt = performance.now()
    await build(signal)
    logger.info({ ms: Math.round(performance.now() - startedAt) }, 'web app built')
  } catch (error) {
    if (signal.aborted) return
    logger.warn({ err: error }, 'web app cannot be built; run "npm ci", then "npm run build:app"')
  }
}

/** Builds beside the folder that is served, so that no request finds half an app. */
async function build(signal: AbortSignal): Promise<void> {
  const vite = join(
    dirname(createRequire(join(APP, 'package.json')).resolve('vite/package.json')),
    'bin',
    'vite.js',
  )
  const folder = `${WEB_APP_FOLDER}-${process.pid}`
  const args = [vite, 'build', APP, '--outDir', folder, '--logLevel', 'error']
  try {
    await promisify(execFile)(process.execPath, args, {
      cwd: ROOT,
      signal,
      env: { ...process.env, NODE_ENV: 'production' },
    })
    await rm(WEB_APP_FOLDER, { recursive: true, force: true })
    await rename(folder, WEB_APP_FOLDER)
  } finally {
    await rm(folder, { recursive: true, force: true })
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
