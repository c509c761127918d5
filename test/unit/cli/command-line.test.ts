import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { VERBS } from '../../../src/cli/verbs.ts'
import { VARIABLES } from '../../../src/config/variables.ts'
import { parley } from './terminal.ts'

test.each([['--help'], ['-h'], ['help'], ['token', '--help'], ['serve', '--port', '1', '--help']])(
  '%s %s explains every verb and every variable',
  async (...argv) => {
    const { code, printed, noticed } = await parley(argv)
    expect(code).toBe(0)
    expect(noticed).toBe('')
    for (const { name, summary } of VERBS) {
      expect(printed).toMatch(new RegExp(`^  ${name} `, 'm'))
      expect(printed).toContain(summary)
    }
    for (const { name, meaning, default: otherwise } of VARIABLES) {
      expect(printed).toContain(`${name} `)
      expect(printed).toContain(`${meaning} (default: ${otherwise})`)
    }
  },
)

test('--version prints the version of the package and nothing else', async () => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string }
  expect(await parley(['--version'])).toEqual({ code: 0, printed: version, noticed: '' })
})

test.each([
  [[], 'Which verb?'],
  [['tokn', 'alice'], 'Unknown verb "tokn": did you mean "token"?'],
  [['bench'], 'Unknown verb "bench".'],
  [['--port', '4000'], 'Unknown option "--port".'],
  [['token'], '"parley token" needs a <subject>.'],
  [['token', 'alice', 'bob'], '"parley token" has no use for "bob".'],
  [['token', 'alice', '--nam', 'Alice'], 'Unknown option "--nam": did you mean "--name"?'],
  [['token', 'alice', '-x'], 'Unknown option "-x".'],
  [['token', 'alice', '--name'], '--name needs a value.'],
  [['token', 'alice', '--name='], '--name needs a value.'],
  [
    ['token', 'alice', '--for', 'ever'],
    '--for must be a time such as 90s, 15m, 1h or 30d, ten years at most.',
  ],
  [['token', 'alice', '--for', '0d'], '--for must be a time'],
  [['token', 'alice', '--for', '3651d'], '--for must be a time'],
  [['token', 'alice', '--picture', 'javascript:1'], '--picture must be an address'],
  [['token', 'a\nb'], '<subject> must be 1 to 255 characters, without control characters.'],
  [['token', 'x'.repeat(256)], '<subject> must be 1 to 255 characters'],
  [['migrate', '--retry=yes'], '--retry takes no value.'],
  [['serve', 'now'], '"parley serve" has no use for "now".'],
])('"parley %s" is not understood, and says why and what would be', async (argv, sentence) => {
  const { code, printed, noticed } = await parley(argv)
  expect(code).toBe(2)
  expect(printed).toBe('')
  expect(noticed).toContain(sentence)
  const [verb = ''] = argv
  const isVerb = VERBS.some(({ name }) => name === verb)
  expect(noticed).toContain(`\n\nUsage: parley ${isVerb ? verb : '<verb>'}`)
})

test('mistakes in the environment are listed, and the exit code is 1', async () => {
  const { code, printed, noticed } = await parley(['check-config'], { PORT: 'x', PARLEY_HOST: 'y' })
  expect(code).toBe(1)
  expect(printed).toBe('')
  expect(noticed).toBe(
    'The environment has 2 mistakes:\n' +
      '  - PARLEY_HOST is not a variable that Parley reads: did you mean HOST?\n' +
      '  - PORT must be a number from 0 to 65535.',
  )
})
