import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { VARIABLES } from '../../../src/config/variables.ts'

test('docs/configuration.md lists every variable with the texts of "parley --help", and no others', async () => {
  const document = await readFile('docs/configuration.md', 'utf8')
  const rows = [...document.matchAll(/^\| `([A-Z_]+)` +\| (.+?) +\| (.+?) +\|$/gm)]
  const listed = rows.map(([, name, meaning, otherwise]) => [name, meaning, otherwise])
  expect(listed).toEqual(VARIABLES.map((variable) => [variable.name, variable.meaning, variable.default]))
})
