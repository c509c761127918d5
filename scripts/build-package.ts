import { spawnSync } from 'node:child_process'
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

// Compiles the package in the current folder to its dist: `npm run build -w packages/client`. Packages that it imports
// have to be built before. `npm run build` builds all of them in order.
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')

// Files whose source is gone must not be published.
rmSync('dist', { recursive: true, force: true })
const { status } = spawnSync(process.execPath, [tsc, '--project', 'tsconfig.build.json'], {
  stdio: 'inherit',
})
process.exitCode = status ?? 1

// The compiler rewrites the extensions of imports in code, but not in declarations.
for (const file of globSync('dist/**/*.d.ts')) {
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replaceAll(/(from |import\()(['"]\.[^'"]*)\.ts(['"])/g, '$1$2.js$3'))
}
