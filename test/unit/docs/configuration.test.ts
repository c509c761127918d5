import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { configurationDocument } from '../../../scripts/config-docs.ts'
import { VARIABLES } from '../../../src/config/variables.ts'

test('docs/configuration.md is what the descriptions of the variables generate', async () => {
  expect(await readFile('docs/configuration.md', 'utf8')).toBe(await configurationDocument())
})

test('docs/configuration.md lists every variable once, with meaning, values and default', async () => {
  const document = await readFile('docs/configuration.md', 'utf8')
  const listed = [...document.matchAll(/^\| `([A-Z_]+)`.*?\| (.+?) +\| (.+?) +\| (.+?) +\|$/gm)].map(
    ([, ...cells]) => cells,
  )
  expect(listed).toEqual(
    VARIABLES.map((variable) => [variable.name, variable.meaning, variable.values, variable.default]),
  )
})
