import { readdir, readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'

const architecture = await readFile('ARCHITECTURE.md', 'utf8')

function section(heading: string): string {
  return architecture.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
}

test('ARCHITECTURE.md has at most 12 KB', () => {
  expect(Buffer.byteLength(architecture)).toBeLessThanOrEqual(12 * 1024)
})

test('ARCHITECTURE.md names every room of src', async () => {
  const entries = await readdir('src')
  const rooms = section('Rooms of `src`')
  expect(entries.filter((entry) => !rooms.includes(`\`${entry}\``))).toEqual([])
})

test('ARCHITECTURE.md gives a reason for every dependency', async () => {
  const manifest = JSON.parse(await readFile('package.json', 'utf8')) as Readonly<
    Record<'dependencies' | 'optionalDependencies', Readonly<Record<string, string>>>
  >
  const listed = section('Dependencies')
    .split('\n- **')
    .slice(1)
    .filter((item) => !item.split('**')[1]?.startsWith(' (development)'))
    .flatMap((item) => item.split('**')[0]?.split(', ') ?? [])
  const packages = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })
  expect(listed.toSorted(compare)).toEqual(packages.toSorted(compare))
})

test('README.md has at most 150 lines, none longer than 160 characters', async () => {
  const lines = (await readFile('README.md', 'utf8')).trimEnd().split('\n')
  expect(lines.length).toBeLessThanOrEqual(150)
  expect(lines.filter((line) => line.length > 160)).toEqual([])
})

function compare(one: string, other: string): number {
  return one < other ? -1 : 1
}
