import { Command } from 'commander'
import {
  parseDuration,
  parseLevel,
  parseMessage,
  parsePastInstant,
  parsePicture,
  parseSubject,
  parseText,
  parseTokenId,
} from './arguments.ts'
import { addKeyVerbs } from './key-verbs.ts'
import { addWebhookVerbs } from './webhook-verbs.ts'
import { environmentHelp, examples, writeTo } from './help.ts'
import type { MessageId } from '../ids.ts'
import type { RevokeRequest } from './commands/revoke.ts'
import type { Process, RunCommand } from './process.ts'

type MediaOption = Readonly<{ media?: boolean }>

const DEFAULT_TOKEN_LIFETIME = '30d'
/** A level that an operator forgot to take back ends after an hour. */
const DEFAULT_LEVEL_LIFETIME = '1h'
/** Longer than most tokens live. */
const DEFAULT_REVOCATION_LIFETIME = '90d'

/**
 * Builds `parley` with its verbs. A verb's module is loaded when it runs, which keeps `parley token` fast. Parsing
 * rejects with CommanderError if the command line is not understood, or after help was printed.
 */
export function createProgram(
  process: Process,
  version: string,
  onDone: (exitCode: number) => void,
): Command {
  const program = new Command('parley')
    .description('A self-hosted chat backend with a GraphQL API.')
    .usage('<command> [options]')
    .version(version, '-v, --version', "print Parley's version")
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .exitOverride()
  writeTo(program, process)
  program.showHelpAfterError('Run "parley --help".')
  program.addHelpText('after', environmentHelp)

  /** Commands inherit the settings above. */
  const verb = (name: string, summary: string, description: string): Command =>
    program
      .command(name)
      .summary(summary)
      .description(description)
      .showHelpAfterError(`Run "parley ${name} --help".`)

  async function run<Input>(load: () => Promise<RunCommand<Input>>, input: Input): Promise<void> {
    const command = await load()
    onDone(await command(process, input))
  }

  verb(
    'serve',
    'run a gateway until SIGTERM or Ctrl-C',
    'Runs one gateway until SIGTERM or Ctrl-C. Applies missing migrations first. Uses an embedded PostgreSQL unless DATABASE_URL is set.',
  )
    .addHelpText('after', examples('parley serve', 'PORT=8080 DATABASE_URL=postgres://… parley serve'))
    .action(() => run(async () => (await import('./commands/serve.ts')).serve, undefined))

  verb(
    'migrate',
    'apply the migrations that the database does not have yet',
    'Applies the migrations that the database does not have yet, and prints each one when it is done.',
  )
    .option('--retry', 'also apply a migration that failed before')
    .addHelpText('after', examples('parley migrate', 'DATABASE_URL=postgres://… parley migrate --retry'))
    .action(({ retry = false }: Readonly<{ retry?: boolean }>) =>
      run(async () => (await import('./commands/migrate.ts')).migrateDatabase, { retry }),
    )

  verb(
    'token',
    'print a token that signs a user in',
    'Prints a token that signs <subject> in, and nothing else. It is signed with AUTH_SECRET, or with the key in DATA_DIR in development.',
  )
    .argument('<subject>', 'user to sign in: 1 to 255 characters', parseSubject)
    .option('--name <name>', 'display name of the user', parseText)
    .option('--picture <url>', 'address of a picture of the user', parsePicture)
    .option('--for <time>', `how long the token is valid (default: ${DEFAULT_TOKEN_LIFETIME})`, parseDuration)
    .addHelpText('after', examples('parley token alice', 'parley token bob --name "Bob Lee" --for 2h'))
    .action((subject: string, { name, picture, for: lifetimeS }: TokenOptions) =>
      run(async () => (await import('./commands/token.ts')).printToken, {
        subject,
        name,
        picture,
        lifetimeS: lifetimeS ?? parseDuration(DEFAULT_TOKEN_LIFETIME),
      }),
    )

  verb(
    'revoke',
    'reject tokens that have not expired',
    'Makes all gateways reject tokens that have not expired, and closes the connections that use them. Revokes all tokens of a user that were issued before a moment, or one token by its id.',
  )
    .option('--user <id>', "user whose tokens to revoke, as in the token's claim sub", parseSubject)
    .option(
      '--before <time>',
      'revoke those issued before, such as 2026-11-30T12:00:00Z (default: now)',
      parsePastInstant,
    )
    .option('--token <jti>', 'token to revoke, by its claim jti', parseTokenId)
    .option(
      '--for <time>',
      `how long; at least as long as your tokens live (default: ${DEFAULT_REVOCATION_LIFETIME})`,
      parseDuration,
    )
    .option('--list', 'print what is revoked, the newest first')
    .addHelpText(
      'after',
      examples(
        'parley revoke --user alice',
        'parley revoke --token 3b241101 --for 30d',
        'parley revoke --list',
      ),
    )
    .action((options: RevokeOptions, command: Command) => {
      const { user, before, token, list, for: keptS = parseDuration(DEFAULT_REVOCATION_LIFETIME) } = options
      if ([user, token, list].filter((given) => given !== undefined).length !== 1)
        command.error('error: Use one of --user, --token and --list.')
      if (before !== undefined && user === undefined) command.error('error: --before needs --user.')
      return run(
        async () => (await import('./commands/revoke.ts')).revoke,
        requestOf({ user, before, token }, keptS),
      )
    })

  verb(
    'service-level',
    'set the service level of all gateways',
    'Sets the service level of all gateways that use the database, for a limited time. "auto" lets the load decide again.',
  )
    .argument('<level>', 'normal, busy, essential or auto', parseLevel)
    .option('--for <time>', `how long to keep the level (default: ${DEFAULT_LEVEL_LIFETIME})`, parseDuration)
    .addHelpText('after', examples('parley service-level essential --for 30m', 'parley service-level auto'))
    .action((level: ReturnType<typeof parseLevel>, { for: lifetimeS }: LevelOptions, command: Command) => {
      if (level === 'auto' && lifetimeS !== undefined)
        command.error("error: --for can't be used with auto. Leave it out.")
      return run(async () => (await import('./commands/service-level.ts')).setServiceLevel, {
        level,
        lifetimeS: lifetimeS ?? parseDuration(DEFAULT_LEVEL_LIFETIME),
      })
    })

  addKeyVerbs(
    verb(
      'key',
      'create, list and revoke the keys of the server API',
      "Manages the keys with which the product's own backend calls the server API (SERVER_PORT).",
    ),
    run,
  )

  addWebhookVerbs(
    verb(
      'webhook',
      'manage the addresses that events are posted to',
      'Manages webhooks: addresses of your product that receive what happens in chats, signed by the Standard Webhooks specification.',
    ),
    run,
  )

  const push = verb(
    'push',
    'make the keys of push messages',
    'Makes what push messages need. They are on if PUSH_VAPID_KEY, PUSH_APNS_KEY_FILE or PUSH_FCM_ACCOUNT_FILE is set.',
  ).addHelpText('after', examples('parley push keys'))
  push
    .command('keys')
    .summary('print new keys of Web Push')
    .description(
      'Prints a new PUSH_VAPID_KEY and a PUSH_VAPID_SUBJECT to complete, as lines for an environment file. All gateways need the same ones. Browsers have to subscribe again if the key changes.',
    )
    .showHelpAfterError('Run "parley push keys --help".')
    .addHelpText('after', examples('parley push keys >> .env'))
    .action(() => run(async () => (await import('./commands/push-keys.ts')).printPushKeys, undefined))

  verb(
    'trace',
    'explain the push messages about a message',
    'Prints for each device of each member whether the message is due to it, and what was pushed: sent, withdrawn, failed with the words of the provider, or why nothing was sent.',
  )
    .argument('<message>', 'the id of the message', parseMessage)
    .option('--json', 'print JSON')
    .addHelpText('after', examples('parley trace message_0199a1b2-…_7'))
    .action((id: MessageId, { json = false }: Readonly<{ json?: boolean }>) =>
      run(async () => (await import('./commands/trace.ts')).trace, { id, json }),
    )

  verb(
    'import',
    'import users, chats and messages from another system',
    'Imports users, chats and messages from a file with one JSON object per line. The whole file is checked before anything is written. If the import is interrupted, the same command continues it.',
  )
    .argument('<file>', 'the file', parseText)
    .option('--check', 'check the file, and write nothing')
    .addHelpText('after', examples('parley import history.jsonl --check', 'parley import history.jsonl'))
    .action((file: string, { check }: Readonly<{ check?: true }>) =>
      run(async () => (await import('./commands/import.ts')).importData, { file, onlyCheck: check === true }),
    )

  verb(
    'backup',
    'write a backup into a folder while gateways run',
    'Writes a backup of the whole database into <folder>. Gateways may run meanwhile.',
  )
    .argument('<folder>', 'a new or empty folder', parseText)
    .option('--media', 'also copy the files in MEDIA_URL')
    .addHelpText('after', examples('parley backup /backups/monday', 'parley backup /backups/monday --media'))
    .action((folder: string, { media = false }: MediaOption) =>
      run(async () => (await import('./commands/backup.ts')).backUpDatabase, { folder, media }),
    )

  verb(
    'restore',
    'fill an empty database from a backup',
    'Fills an empty database from what "parley backup" wrote into <folder>, and verifies the copy. No gateway may run on the database.',
  )
    .argument('<folder>', 'a folder that "parley backup" wrote', parseText)
    .option('--media', 'also put the files of the backup into MEDIA_URL')
    .addHelpText('after', examples('parley restore /backups/monday'))
    .action((folder: string, { media = false }: MediaOption) =>
      run(async () => (await import('./commands/restore.ts')).restoreDatabase, { folder, media }),
    )

  const files = verb('media', 'check the files of messages', 'Works on the files in MEDIA_URL.').addHelpText(
    'after',
    examples('parley media check'),
  )
  files
    .command('check')
    .summary('compare the database with the storage')
    .description(
      'Compares the uploads in the database with the files in MEDIA_URL, both ways. Prints missing files, and files that no upload needs. Gateways may run meanwhile.',
    )
    .option('--fix', 'remove the files that no upload needs')
    .showHelpAfterError('Run "parley media check --help".')
    .addHelpText('after', examples('parley media check', 'parley media check --fix'))
    .action(({ fix = false }: Readonly<{ fix?: boolean }>) =>
      run(async () => (await import('./commands/media.ts')).checkFiles, { fix }),
    )

  verb(
    'reset-devices',
    'make every device start over',
    'Makes every device start over with an InboxReset. Use it if the database was set back by other means than "parley restore".',
  )
    .addHelpText('after', examples('parley reset-devices'))
    .action(() => run(async () => (await import('./commands/reset-devices.ts')).resetDevices, undefined))

  verb(
    'psql',
    'open psql on the database',
    'Opens psql on the database in DATABASE_URL, or on the embedded database in DATA_DIR. Arguments after "--" go to psql. Without psql on this machine, prints the URL to connect to.',
  )
    .argument('[arguments...]', 'arguments of psql')
    .addHelpText('after', examples('parley psql', 'parley psql -- -c "SELECT count(*) FROM messages"'))
    .action((psqlArguments: string[]) =>
      run(async () => (await import('./commands/psql.ts')).openPsql, { psqlArguments }),
    )

  verb(
    'doctor',
    'check configuration, ports, keys, database and Redis',
    'Checks configuration, ports, keys, database and Redis, and prints how to fix what is wrong. Changes nothing.',
  )
    .addHelpText('after', examples('parley doctor', 'DATABASE_URL=postgres://… parley doctor'))
    .action(() => run(async () => (await import('./doctor/doctor.ts')).doctor, undefined))

  verb(
    'check-config',
    'print the configuration, without secrets',
    'Prints the configuration that the environment results in, without secrets.',
  )
    .addHelpText('after', examples('parley check-config', 'NODE_ENV=production parley check-config'))
    .action(() => run(async () => (await import('./commands/check-config.ts')).checkConfig, undefined))

  return program
}

type TokenOptions = Readonly<{
  name: string | undefined
  picture: string | undefined
  for: number | undefined
}>

type RevokeOptions = Readonly<{
  user: string | undefined
  before: Date | undefined
  token: string | undefined
  for: number | undefined
  list: true | undefined
}>

function requestOf(
  { user, before, token }: Pick<RevokeOptions, 'user' | 'before' | 'token'>,
  keepS: number,
): RevokeRequest {
  if (user !== undefined) return { type: 'user', userId: user, issuedBefore: before, keepS }
  return token === undefined ? { type: 'list' } : { type: 'token', tokenId: token, keepS }
}

type LevelOptions = Readonly<{ for: number | undefined }>
