import { fileURLToPath } from 'node:url'
import { defineConfig, type Plugin } from 'vite'

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

export default defineConfig({
  root: import.meta.dirname,
  // Relative addresses work below any path of a reverse proxy.
  base: './',
  plugins: [englishOnly],
  resolve: {
    alias: [
      { find: '@parley/client/group-events', replacement: source('client/src/group-events.ts') },
      { find: '@parley/client/indexeddb', replacement: source('client/src/indexeddb.ts') },
      { find: '@parley/client/uploads', replacement: source('client/src/uploads.ts') },
      { find: '@parley/client', replacement: source('client/src/index.ts') },
      { find: '@parley/react', replacement: source('react/src/index.ts') },
    ],
  },
  build: {
    target: 'baseline-widely-available',
    emptyOutDir: true,
    reportCompressedSize: false,
    // The content security policy allows no data: addresses but images.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
})
