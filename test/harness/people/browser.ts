import { execFile } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { type Browser, chromium } from 'playwright-core'

/** What a test needs that may be the first one to want a browser, in milliseconds. */
export const BROWSER_TIMEOUT_MS = 300_000

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** It stays at home: no updates, no sync, no reports. As root it has no sandbox to be in. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-domain-reliability',
  '--disable-sync',
  '--metrics-recording-only',
  '--no-default-browser-check',
  '--no-first-run',
  '--no-pings',
]

/** A headless Chromium: the one on PATH, or else Debian's, installed now. */
export async function startBrowser(): Promise<Browser> {
  const executablePath = (await findBrowser()) ?? (await installBrowser())
  return chromium.launch({ executablePath, args: FLAGS })
}

async function findBrowser(): Promise<string | undefined> {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter)
  const candidates = NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name)))
  for (const file of candidates) if (await isExecutable(file)) return file
  return undefined
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
}

// Tests run side by side: the first one installs, the others wait for it and find the browser there.
const INSTALL = `
  exec 9> /tmp/parley-tests-chromium.lock && flock 9
  command -v chromium && exit
  export DEBIAN_FRONTEND=noninteractive
  apt-get update --quiet && apt-get install --yes --quiet --no-install-recommends chromium`

async function installBrowser(): Promise<string> {
  try {
    if (process.getuid?.() !== 0) throw new Error('Only root can install it')
    await promisify(execFile)('sh', ['-c', INSTALL], { maxBuffer: 64 * 1024 * 1024 })
  } catch (error) {
    throw new Error(HOW_TO_INSTALL, { cause: error })
  }
  const installed = await findBrowser()
  if (installed === undefined) throw new Error(HOW_TO_INSTALL)
  return installed
}

const HOW_TO_INSTALL =
  'These tests need Chromium on PATH, and it could not be installed: on Debian run "apt-get install chromium" as root, elsewhere install Chromium or Google Chrome.'
