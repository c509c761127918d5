import { expect, test } from 'vitest'
import {
  baseImageOf,
  baseImageProblems,
  lockFileProblems,
  type LockedPackage,
  withDigest,
} from '../../../scripts/supply-chain.ts'

const SOUND: LockedPackage = { license: 'MIT', integrity: 'sha512-x' }

function problemsOf(changes: Partial<LockedPackage>, name = 'left-pad'): readonly string[] {
  const packages = { '': {}, [`node_modules/${name}`]: { ...SOUND, ...changes } }
  return lockFileProblems({ packages }, { reviewed: false })
}

test.each([
  ['MIT', 0],
  ['(MIT AND Zlib)', 0],
  ['MIT and ISC', 0],
  ['GPL-3.0-only', 1],
  ['MIT AND GPL-3.0-only', 1],
  ['UNLICENSED', 1],
])('licence %s of a package: %i problems', (license, count) => {
  expect(problemsOf({ license })).toHaveLength(count)
})

test('reports a package without a hash, with a registry host, or with an install script that was not reviewed', () => {
  expect(problemsOf({})).toEqual([])
  expect(lockFileProblems({ packages: { 'node_modules/x': { license: 'MIT' } } }, {})).toEqual([
    'node_modules/x: the lock file has no hash of it',
  ])
  expect(problemsOf({ resolved: 'https://registry.example/x.tgz' })[0]).toContain('registry host')
  expect(problemsOf({ hasInstallScript: true })[0]).toContain('install script')
  expect(problemsOf({ hasInstallScript: true }, 'reviewed')).toEqual([])
  expect(problemsOf({ license: 'LGPL-3.0-or-later' }, 'x/node_modules/@img/sharp-libvips-linux-x64')).toEqual(
    [],
  )
})

test('accepts a base image with a version, with or without its digest', () => {
  const dockerfile = (image: string, from = '${NODE_IMAGE}'): string =>
    `ARG NODE_IMAGE=${image}\n\nFROM ${from} AS app\n`
  expect(baseImageProblems(dockerfile('node:24-bookworm-slim'))).toEqual([])
  expect(baseImageProblems(dockerfile(`node:24.1.0-bookworm-slim@sha256:${'a'.repeat(64)}`))).toEqual([])
  expect(baseImageProblems(dockerfile('node:latest'))).toHaveLength(1)
  expect(baseImageProblems(dockerfile('node:24-bookworm-slim@sha256:short'))).toHaveLength(1)
  expect(baseImageProblems(dockerfile('node:24-bookworm-slim', 'debian'))).toHaveLength(1)
})

test('fixes the base image to a digest, and replaces it later', () => {
  const [first, second] = ['a', 'b'].map((digit) => `sha256:${digit.repeat(64)}`) as [string, string]
  const tag = 'node:24-bookworm-slim'
  const dockerfile = `# Stages\nARG NODE_IMAGE=${tag}\n\nFROM \${NODE_IMAGE}\n`
  expect(baseImageOf(dockerfile)).toEqual({ tag, digest: undefined })
  const fixed = withDigest(dockerfile, first)
  expect(baseImageOf(fixed)).toEqual({ tag, digest: first })
  expect(baseImageOf(withDigest(fixed, second))).toEqual({ tag, digest: second })
  expect(baseImageProblems(withDigest(fixed, second))).toEqual([])
  expect(withDigest(fixed, second).replace(`@${second}`, '')).toBe(dockerfile)
  expect(() => withDigest(dockerfile, 'sha256:short')).toThrow('is not a digest')
  expect(() => baseImageOf('FROM node')).toThrow('has no line')
})
