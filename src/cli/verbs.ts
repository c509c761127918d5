import type { Verb } from './verb.ts'

/** What `parley` can do. */
export const VERBS: readonly Verb[] = [
  {
    name: 'serve',
    synopsis: '',
    summary: 'runs one instance until SIGTERM or Ctrl-C; applies migrations first',
    positionals: [],
    options: {},
    load: async () => (await import('./serve.ts')).serve,
  },
  {
    name: 'migrate',
    synopsis: '[--retry]',
    summary:
      'applies the migrations that the database does not have yet; --retry: also one that failed before',
    positionals: [],
    options: { retry: { type: 'boolean' } },
    load: async () => (await import('./migrate.ts')).migrateDatabase,
  },
  {
    name: 'token',
    synopsis: '<subject> [--name NAME] [--picture URL] [--for 30d]',
    summary: 'prints a token that signs <subject> in; valid for 30 days, or as long as --for says',
    positionals: ['subject'],
    options: { name: { type: 'string' }, picture: { type: 'string' }, for: { type: 'string' } },
    load: async () => (await import('./token.ts')).printToken,
  },
  {
    name: 'service-level',
    synopsis: '<normal|busy|essential|auto> [--for 1h]',
    summary: 'tells all gateways which level to keep, for an hour or as long as --for says; auto: by load',
    positionals: ['level'],
    options: { for: { type: 'string' } },
    load: async () => (await import('./service-level.ts')).commandServiceLevel,
  },
  {
    name: 'backup',
    synopsis: '<folder>',
    summary: 'writes everything into <folder>, which is new or empty, while instances run on',
    positionals: ['folder'],
    options: {},
    load: async () => (await import('./backup.ts')).backUpDatabase,
  },
  {
    name: 'restore',
    synopsis: '<folder>',
    summary: 'fills an empty database with what "parley backup" wrote into <folder>',
    positionals: ['folder'],
    options: {},
    load: async () => (await import('./restore.ts')).restoreDatabase,
  },
  {
    name: 'reset-devices',
    synopsis: '',
    summary: 'lets every device begin anew: for a database that was set back by other means than restore',
    positionals: [],
    options: {},
    load: async () => (await import('./reset-devices.ts')).resetDevices,
  },
  {
    name: 'doctor',
    synopsis: '',
    summary: 'checks configuration, database and keys, and says how to mend what is wrong',
    positionals: [],
    options: {},
    load: async () => (await import('./doctor.ts')).doctor,
  },
  {
    name: 'check-config',
    synopsis: '',
    summary: 'prints the configuration that the environment makes, without secrets',
    positionals: [],
    options: {},
    load: async () => (await import('./check-config.ts')).checkConfig,
  },
]

/** Undefined where there is none of that name. */
export function verbNamed(name: string | undefined): Verb | undefined {
  return VERBS.find((verb) => verb.name === name)
}
