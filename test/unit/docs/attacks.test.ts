import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'

const attacks = await readFile('docs/internals/attacks.md', 'utf8')
const rows = attacks
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (attack|---)/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))

/** The tests of a cell: the file of each, and its name as the file has it. */
function testsIn(cell: string): readonly (readonly [file: string, name: string])[] {
  return [...cell.matchAll(/\]\(\.\.\/\.\.\/(test\/[^)]+\.test\.ts)\): (.*?)(?:<br>|$)/g)].map(
    ([, file = '', name = '']) => [file, name],
  )
}

test('every attack has a test', () => {
  expect(rows.length).toBeGreaterThan(30)
  expect(rows.filter(([, , , cell = '']) => testsIn(cell).length === 0)).toEqual([])
})

test('every test that docs/internals/attacks.md names exists', async () => {
  const named = rows.flatMap(([, , , cell = '']) => testsIn(cell))
  const found = await Promise.all(
    named.map(async ([file, name]) => ({
      file,
      name,
      exists: (await readFile(file, 'utf8')).includes(name),
    })),
  )
  expect(found.filter(({ exists }) => !exists)).toEqual([])
})

test('a test that does not exist is noticed', async () => {
  const cell = '[http](../../test/flows/transport/http.test.ts): a test that is not written'
  const [[file, name] = ['', '']] = testsIn(cell)
  expect((await readFile(file, 'utf8')).includes(name)).toBe(false)
})
