import { defineConfig } from 'vite'

// In this repository the packages are resolved to their sources. Your project needs no configuration.
export default defineConfig({ root: import.meta.dirname, resolve: { tsconfigPaths: true } })
