import { execFile } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { type Browser, chromium } from 'playwright-core'

/** Timeout of tests that start a browser: the first one may have to install it. */
export const BROWSER_TIMEOUT_MS = 300_000

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** No updates, sync or reports. No sandbox, because Chromium has none when it runs as root. The microphone beeps. */
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
  '--use-fake-device-for-media-stream',
]

/** Starts a headless Chromium. Installs it from Debian if there is none on PATH. */
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

// Tests run in parallel: the first installs the browser, the others wait for it.
const INSTALL = `
  exec 9> /tmp/parley-tests-chromium.lock && flock 9
  command -v chromium && exit
  export DEBIAN_FRONTEND=noninteractive
  apt-get update --quiet && apt-get install --yes --quiet --no-install-recommends chromium`

async function installBrowser(): Promise<string> {
  try {
    if (process.getuid?.() !== 0) throw new Error('Installing Chromium needs root.')
    await promisify(execFile)('sh', ['-c', INSTALL], { maxBuffer: 64 * 1024 * 1024 })
  } catch (error) {
    throw new Error(HOW_TO_INSTALL, { cause: error })
  }
  const installed = await findBrowser()
  if (installed === undefined) throw new Error(HOW_TO_INSTALL)
  return installed
}

const HOW_TO_INSTALL =
  'These tests need Chromium on PATH, and installing it failed. On Debian, run "apt-get install chromium" as root. Elsewhere, install Chromium or Google Chrome.'
