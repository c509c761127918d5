import { fileURLToPath } from 'node:url'
import { defineConfig, type Plugin } from 'vite'

const source = (path: string): string => fileURLToPath(new URL(`../../packages/${path}`, import.meta.url))

/** React Aria brings its texts in 34 languages. The app is in English, so every language gets the English ones. */
const englishOnly: Plugin = {
  name: 'english-only',
  enforce: 'pre',
  load(id) {
    const match = /^(?<folder>.*\/intl\/.*\/)(?<locale>[a-z]{2}-[A-Z]{2})\.mjs$/.exec(id)
    if (match?.groups === undefined || match.groups['locale'] === 'en-US') return undefined
    return `export { default } from '${match.groups['folder']}en-US.mjs'`
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
