import { fileURLToPath } from 'node:url'
import { build, defineConfig, type Plugin, type Rolldown } from 'vite'

const source = (path: string): string => fileURLToPath(new URL(`../../packages/${path}`, import.meta.url))

/**
 * React Aria brings its texts in 34 languages. The app is in English, and a language without texts gets the English
 * ones.
 */
const englishOnly: Plugin = {
  name: 'english-only',
  enforce: 'pre',
  load(id) {
    const room = /\/private\/([a-z]+)\/intlStrings\.mjs$/.exec(id)?.[1]
    if (room === undefined) return undefined
    return `import english from '../intl/${room}/en-US.mjs'\nexport default { 'en-US': english }`
  },
}

const alias = [
  { find: '@parley/client/group-events', replacement: source('client/src/group-events.ts') },
  { find: '@parley/client/indexeddb', replacement: source('client/src/indexeddb.ts') },
  { find: '@parley/client/push', replacement: source('client/src/push.ts') },
  { find: '@parley/client/service-worker', replacement: source('client/src/service-worker.ts') },
  { find: '@parley/client/uploads', replacement: source('client/src/uploads.ts') },
  { find: '@parley/client', replacement: source('client/src/index.ts') },
  { find: '@parley/react', replacement: source('react/src/index.ts') },
]

/**
 * Builds the service worker into one file of its own: its name may not change, and not all browsers let a service
 * worker import others.
 */
const serviceWorker: Plugin = {
  name: 'service-worker',
  apply: 'build',
  async generateBundle() {
    const result = await build({
      configFile: false,
      root: import.meta.dirname,
      logLevel: 'error',
      resolve: { alias },
      build: {
        target: 'baseline-widely-available',
        write: false,
        rolldownOptions: { input: 'src/notifications/service-worker.ts', output: { format: 'iife' } },
      },
    })
    for (const item of (result as Rolldown.RolldownOutput).output)
      if (item.type === 'chunk')
        this.emitFile({ type: 'asset', fileName: 'service-worker.js', source: item.code })
  },
}

type Modules = Readonly<{ getModuleInfo: Rolldown.PluginContext['getModuleInfo'] }>

/** Returns the modules that the first screen imports, directly or not. The others load after it. */
function firstModules(modules: Modules): ReadonlySet<string> {
  const found = new Set([fileURLToPath(new URL('index.html', import.meta.url))])
  for (const id of found)
    for (const imported of modules.getModuleInfo(id)?.importedIds ?? []) found.add(imported)
  return found
}

let first: ReadonlySet<string> | undefined

/** Puts all of the first screen into one file, which compresses best. */
function chunkOf(id: string, modules: Modules): string | null {
  first ??= firstModules(modules)
  return first.has(id) ? 'app' : null
}

export default defineConfig({
  root: import.meta.dirname,
  // Relative addresses work below any path of a reverse proxy.
  base: './',
  plugins: [englishOnly, serviceWorker],
  resolve: { alias },
  build: {
    target: 'baseline-widely-available',
    emptyOutDir: true,
    reportCompressedSize: false,
    // The content security policy allows no data: addresses but images.
    assetsInlineLimit: 0,
    // There is nothing to preload: what comes later is one file, see src/later.ts.
    modulePreload: false,
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: chunkOf }] } } },
  },
})
