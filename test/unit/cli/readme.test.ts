import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { VARIABLES } from '../../../src/config/variables.ts'

test('the README says of each variable what "parley --help" says, and of no others', async () => {
  const readme = await readFile('README.md', 'utf8')
  const rows = [...readme.matchAll(/^\| `([A-Z_]+)` +\| (.+?) +\| (.+?) +\|$/gm)]
  const said = rows.map(([, name, meaning, otherwise]) => [name, meaning, otherwise])
  expect(said).toEqual(VARIABLES.map((variable) => [variable.name, variable.meaning, variable.default]))
})
