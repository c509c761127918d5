import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import path from 'node:path'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { inPackTurn } from '../../harness/fixtures/pack-turn.ts'
import { temporaryFolder } from '../cli/program.ts'
import { importsOf, resolveWithMetro } from './metro.ts'

const ROOT = path.resolve(import.meta.dirname, '../../..')
const NAMES = ['client', 'react', 'apollo', 'urql']
const ENTRIES = [
  '@parley/client',
  '@parley/client/engine',
  '@parley/client/group-events',
  '@parley/client/indexeddb',
  '@parley/client/push',
  '@parley/client/service-worker',
  '@parley/client/uploads',
  '@parley/react',
  '@parley/apollo',
  '@parley/urql',
]
/** Peer dependencies that a team installs, in the versions of this repository. */
const PEERS = [
  '@apollo/client',
  '@types/react',
  '@urql/core',
  '@urql/exchange-graphcache',
  'graphql',
  'react',
  'rxjs',
  'urql@5.0.4',
]
const INSTALL_TIMEOUT_MS = 300_000

const PAGE = `import { createParleyClient } from '@parley/client'
import { indexedDbStorage } from '@parley/client/indexeddb'
import { ParleyProvider } from '@parley/react'
import { createParleyApollo } from '@parley/apollo'
import { parleyCacheConfig, parleyExchange } from '@parley/urql'
import { Client, fetchExchange } from '@urql/core'
import { cacheExchange } from '@urql/exchange-graphcache'

const options = { url: 'https://chat.example.com/graphql', token: () => 'token', storage: indexedDbStorage() }
const parley = createParleyClient(options)
export const urql = new Client({
  url: options.url,
  preferGetMethod: false,
  exchanges: [cacheExchange(parleyCacheConfig), parleyExchange(parley), fetchExchange],
})
export const { apollo, close } = createParleyApollo(options)
export const provider = ParleyProvider
const text: string | undefined = parley.chats.getSnapshot()[0]?.title
document.title = text ?? 'Parley'
`

const TSCONFIG = {
  compilerOptions: {
    target: 'es2024',
    module: 'esnext',
    moduleResolution: 'bundler',
    lib: ['esnext', 'dom', 'dom.iterable'],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    noEmit: true,
    jsx: 'react-jsx',
    types: [],
  },
  include: ['main.ts', '*.tsx'],
}

const execute = promisify(execFile)
let folder: Awaited<ReturnType<typeof temporaryFolder>>
const tarballs = new Map<string, string>()

async function run(program: string, ...args: readonly string[]): Promise<string> {
  const file = path.join(ROOT, 'node_modules', program)
  const { stdout } = await execute(process.execPath, [file, ...args], { cwd: folder.path })
  return stdout
}

/** Each one builds before it is packed, so the order matters. */
async function packAll(): Promise<void> {
  for (const name of NAMES) {
    const cwd = path.join(ROOT, 'packages', name)
    const { stdout } = await execute(
      'npm',
      ['pack', '--json', '--silent', '--pack-destination', folder.path],
      { cwd },
    )
    const [packed] = JSON.parse(stdout) as { filename: string }[]
    tarballs.set(name, path.join(folder.path, packed?.filename ?? ''))
  }
}

beforeAll(async () => {
  folder = await temporaryFolder()
  await inPackTurn(packAll)
  const { devDependencies, dependencies } = JSON.parse(
    await readFile(path.join(ROOT, 'package.json'), 'utf8'),
  ) as Record<string, Record<string, string>>
  const versions = { ...dependencies, ...devDependencies }
  const peers = PEERS.map((name) => (versions[name] === undefined ? name : `${name}@${versions[name]}`))
  await writeFile(path.join(folder.path, 'package.json'), '{ "private": true, "type": "module" }')
  await execute('npm', ['install', '--silent', '--prefer-offline', ...tarballs.values(), ...peers], {
    cwd: folder.path,
  })
}, INSTALL_TIMEOUT_MS)

afterAll(() => folder[Symbol.asyncDispose]())

test('docs/clients/README.md installs the files that npm packs', async () => {
  const text = await readFile(path.join(ROOT, 'docs/clients/README.md'), 'utf8')
  const [, installed = ''] = /^npm install (.*)$/m.exec(text) ?? []
  const [, packed = ''] = /^npm pack (.*) --pack-destination/m.exec(text) ?? []
  const files = ['client', 'react'].map((name) => `./${path.basename(tarballs.get(name) ?? '')}`)
  expect(installed.split(' ')).toEqual(files)
  expect(packed).toBe('-w packages/client -w packages/react')
})

test.each(NAMES)('publint finds nothing to change in %s', async (name) => {
  const pkgDir = path.join(folder.path, 'node_modules/@parley', name)
  const { messages, pkg } = await publint({ pkgDir, pack: false, strict: true })
  expect(messages.map((message) => formatMessage(message, pkg))).toEqual([])
})

test.each(NAMES)('the types of %s are found by every resolution of modules', async (name) => {
  const tarball = tarballs.get(name) ?? ''
  const report = await run(
    '@arethetypeswrong/cli/dist/index.js',
    tarball,
    '--profile',
    'esm-only',
    '--format',
    'json',
  )
  type Problem = Readonly<{ kind: string; resolutionKind: string }>
  const { analysis } = JSON.parse(report) as { analysis: { problems?: readonly Problem[] } }
  // The packages are ESM only. The oldest way to resolve modules knows no `exports`, and CommonJS can only `import()`.
  const isAccepted = ({ kind, resolutionKind }: Problem): boolean =>
    (kind === 'NoResolution' && resolutionKind === 'node10') || kind === 'CJSResolvesToESM'
  expect(analysis.problems?.filter((problem) => !isAccepted(problem))).toEqual([])
})

test('the examples compile, and a page that uses all packages builds with Vite, without parts of Node.js', async () => {
  const file = (name: string): string => path.join(folder.path, name)
  await writeFile(file('main.ts'), PAGE)
  await writeFile(file('index.html'), '<script type="module" src="/main.ts"></script>')
  for (const name of ['apollo', 'urql']) {
    const readme = await readFile(path.join(ROOT, 'packages', name, 'README.md'), 'utf8')
    const example = /```tsx\n(.*?)```/s.exec(readme)?.[1] ?? ''
    expect(example).not.toBe('')
    await writeFile(file(`${name}-example.tsx`), example)
  }
  await writeFile(file('tsconfig.json'), JSON.stringify(TSCONFIG))
  await run('typescript/bin/tsc', '--project', folder.path)
  await mkdir(file('out'))
  await run('vite/bin/vite.js', 'build', folder.path, '--outDir', 'out', '--logLevel', 'warn')
  const bundles = globSync('out/**/*.js', { cwd: folder.path })
  expect(bundles.length).toBeGreaterThan(0)
  for (const bundle of bundles) {
    const text = await readFile(file(bundle), 'utf8')
    expect(text).not.toMatch(/__vite-browser-external|from ?["']node:/)
  }
})

test('Metro resolves each entry and each import of the packages', () => {
  const origin = path.join(folder.path, 'main.js')
  for (const entry of ENTRIES) expect(resolveWithMetro(origin, entry)).toMatch(/dist\/[\w-]+\.js$/)
  for (const name of NAMES) {
    const imports = importsOf(path.join(folder.path, 'node_modules/@parley', name, 'dist'))
    expect(imports.length).toBeGreaterThan(0)
    for (const { file, specifier } of imports) {
      expect(builtinModules).not.toContain(specifier.replace(/^node:/, ''))
      expect(() => resolveWithMetro(file, specifier), `${specifier} in ${file}`).not.toThrow()
    }
  }
})
