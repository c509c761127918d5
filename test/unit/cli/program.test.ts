import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { VARIABLES } from '../../../src/config/variables.ts'
import { parley } from './terminal.ts'

const COMMANDS = [
  'serve',
  'migrate',
  'token',
  'revoke',
  'service-level',
  'key',
  'webhook',
  'import',
  'backup',
  'restore',
  'reset-devices',
  'psql',
  'doctor',
  'check-config',
]

/** The text without line breaks of the layout. */
function unwrapped(text: string): string {
  return text.replaceAll(/\s+/g, ' ')
}

test.each([['--help'], ['-h'], ['help']])('%s lists every command and every variable', async (...argv) => {
  const { code, printed, noticed } = await parley(argv)
  expect({ code, noticed }).toEqual({ code: 0, noticed: '' })
  for (const name of COMMANDS) expect(printed).toMatch(new RegExp(`^  ${name}[^ ]* .*  \\S`, 'm'))
  for (const { name, meaning, values, default: fallback } of VARIABLES) {
    expect(unwrapped(printed)).toContain(`${name} ${meaning} (${values}; default: ${fallback})`)
  }
})

test.each(COMMANDS)('%s --help describes the command, its options, and examples', async (name) => {
  const { code, printed, noticed } = await parley([name, '--help'])
  expect({ code, noticed }).toEqual({ code: 0, noticed: '' })
  expect(printed).toMatch(new RegExp(`^Usage: parley ${name}`))
  expect(printed).toMatch(new RegExp(`\n\nExamples:\n  \\$ .*parley ${name}`))
  expect(await parley(['help', name])).toEqual({ code, printed, noticed })
  expect(await parley([name, '--port', '1', '--help'])).toEqual({ code, printed, noticed })
})

test('--version prints the version of the package and nothing else', async () => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string }
  expect(await parley(['--version'])).toEqual({ code: 0, printed: version, noticed: '' })
})

test.each([
  [['tokn', 'alice'], "unknown command 'tokn'\n(Did you mean token?)"],
  [['bench'], "unknown command 'bench'"],
  [['--port', '4000'], "unknown option '--port'"],
  [['token'], "missing required argument 'subject'"],
  [['token', 'alice', 'bob'], "too many arguments for 'token'"],
  [['token', 'alice', '--nam', 'Alice'], "unknown option '--nam'\n(Did you mean --name?)"],
  [['token', 'alice', '-x'], "unknown option '-x'"],
  [['token', 'alice', '--name'], "option '--name <name>' argument missing"],
  [['token', 'alice', '--name='], "option '--name <name>' argument '' is invalid"],
  [['token', 'alice', '--for', 'ever'], 'Use a time such as 90s, 15m, 1h or 30d, ten years at most.'],
  [['token', 'alice', '--for', '0d'], 'Use a time such as'],
  [['token', 'alice', '--for', '3651d'], 'Use a time such as'],
  [['token', 'alice', '--picture', 'javascript:1'], 'Use an address that begins with https:// or http://.'],
  [['token', 'a\nb'], 'Use 1 to 255 characters, without control characters.'],
  [['token', 'x'.repeat(256)], 'Use 1 to 255 characters'],
  [['migrate', '--retry=yes'], "unknown option '--retry=yes'"],
  [['serve', 'now'], "too many arguments for 'serve'"],
  [['service-level', 'busyy'], 'Use normal, busy, essential or auto. Did you mean busy?'],
  [['service-level', 'auto', '--for', '1h'], "--for can't be used with auto"],
  [['revoke'], 'Use one of --user, --token and --list.'],
  [['revoke', '--user', 'alice', '--token', 'x'], 'Use one of --user, --token and --list.'],
  [['revoke', '--user', 'alice', '--list'], 'Use one of --user, --token and --list.'],
  [['revoke', '--token', 'x', '--before', '2026-01-01T00:00:00Z'], '--before needs --user.'],
  [['revoke', '--user', 'alice', '--before', 'yesterday'], 'Use a moment in the past such as'],
  [['revoke', '--user', 'alice', '--before', '2026-01-01'], 'Use a moment in the past such as'],
  [['revoke', '--user', 'alice', '--before', '9999-01-01T00:00:00Z'], 'Use a moment in the past such as'],
  [['revoke', '--user', 'a\nb'], 'Use 1 to 255 characters, without control characters.'],
  [
    ['revoke', '--token', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln'],
    'It is a token. Use the id in its claim "jti"',
  ],
])('rejects "parley %s" with an explanation, and names the help', async (argv, sentence) => {
  const { code, printed, noticed } = await parley(argv)
  expect(code).toBe(2)
  expect(printed).toBe('')
  expect(noticed).toContain(sentence)
  const [name = ''] = argv
  expect(noticed.split('\n').at(-1)).toBe(`Run "parley ${COMMANDS.includes(name) ? `${name} ` : ''}--help".`)
  expect(noticed).not.toMatch(/Usage:|command-argument/)
})

test('"parley" alone prints the usage and exits with 2', async () => {
  const { code, printed, noticed } = await parley([])
  expect({ code, printed }).toEqual({ code: 2, printed: '' })
  expect(noticed).toContain('Usage: parley <command>')
})

test('names a rejected argument and the allowed values in plain words', async () => {
  const { noticed } = await parley(['service-level', 'loud'])
  expect(noticed).toBe(
    'error: \'loud\' is not a valid level. Use normal, busy, essential or auto.\nRun "parley service-level --help".',
  )
})

test('the doctor prints the form of a URL in full', async () => {
  const { code, printed } = await parley(['doctor'], { DATABASE_URL: 'postgres://x' })
  expect(code).toBe(1)
  expect(printed).toContain('must look like postgres://user:password@host:5432/database')
})

test('lists mistakes in the environment and exits with 1', async () => {
  const { code, printed, noticed } = await parley(['check-config'], { PORT: 'x', PARLEY_HOST: 'y' })
  expect(code).toBe(1)
  expect(printed).toBe('')
  expect(noticed).toBe(
    'The environment has 2 mistakes:\n' +
      '  - PARLEY_HOST is not a variable that Parley reads: did you mean HOST?\n' +
      '  - PORT must be a number from 0 to 65535.\n' +
      '\n' +
      'Documentation:\n' +
      '  PORT: the port of the API (0 to 65535; 0: any free port; default: 4000)',
  )
})
