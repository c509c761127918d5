import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { checkSteps, missingScripts } from '../../../scripts/check-steps.ts'

test('npm run check generates code first, and then runs every script named check:*', () => {
  expect(checkSteps({ check: '', 'check:lint': '', test: '', 'check:types': '' })).toEqual([
    'generate',
    'check:lint',
    'check:types',
  ])
})

test('finds scripts that name a script that does not exist', () => {
  const scripts = { all: 'npm run -s one && npm run two:three && npm run --silent four', one: 'true' }
  expect(missingScripts(scripts)).toEqual(['two:three', 'four'])
})

test.each(['package.json', 'apps/chat/package.json'])('every script that %s names exists', async (file) => {
  const { scripts } = JSON.parse(await readFile(file, 'utf8')) as { scripts: Record<string, string> }
  expect(missingScripts(scripts)).toEqual([])
})
