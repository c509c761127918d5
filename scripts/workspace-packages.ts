// Lets Node.js run programs that import the packages of this repository from their sources, without a build:
// `node --import ./scripts/workspace-packages.ts examples/terminal-chat.ts`.
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const root = join(import.meta.dirname, '..')
const sources = new Map(
  [...readFileSync(join(root, 'tsconfig.json'), 'utf8').matchAll(/"(@parley\/[\w/]+)": \["([^"]+)"\]/g)].map(
    ([, name = '', file = '']) => [name, pathToFileURL(join(root, file)).href],
  ),
)

registerHooks({
  resolve(specifier, context, nextResolve) {
    return nextResolve(sources.get(specifier) ?? specifier, context)
  },
})
