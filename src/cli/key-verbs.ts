import type { Command } from 'commander'
import { SCOPES, type Scope } from '../keys/server-key.ts'
import { parseDuration, parseKeyId, parseKeyName, parseScopes } from './arguments.ts'
import { examples } from './help.ts'
import type { RunVerb } from './process.ts'

type CreateOptions = Readonly<{ scope?: readonly Scope[]; for: number | undefined }>

/** Adds the verbs of `parley key`. */
export function addKeyVerbs(key: Command, run: RunVerb): void {
  key.addHelpText('after', examples('parley key create shop', 'parley key list'))

  const keyVerb = (name: string, summary: string, description: string): Command =>
    key
      .command(name)
      .summary(summary)
      .description(description)
      .showHelpAfterError(`Run "parley key ${name} --help".`)

  keyVerb(
    'create',
    'create a key and print it',
    'Creates a key and prints it, and nothing else. It is shown only now: Parley stores a digest. Two keys with one name can be alive, so that a backend can change to a new key before the old one is revoked.',
  )
    .argument('<name>', 'what uses the key, such as shop', parseKeyName)
    .option('--scope <scopes>', `comma-separated: ${SCOPES.join(', ')} (default: all)`, parseScopes)
    .option('--for <time>', 'how long the key is valid (default: until it is revoked)', parseDuration)
    .addHelpText(
      'after',
      examples('parley key create shop', 'parley key create reports --scope read --for 90d'),
    )
    .action((name: string, { scope: scopes = SCOPES, for: lifetimeS }: CreateOptions) =>
      run(async () => (await import('./commands/key.ts')).createKey, { name, scopes, lifetimeS }),
    )

  keyVerb('list', 'list all keys, without their secrets', 'Lists all keys, without their secrets.')
    .addHelpText('after', examples('parley key list'))
    .action(() => run(async () => (await import('./commands/key.ts')).listKeys, undefined))

  keyVerb(
    'revoke',
    'revoke a key for good',
    'Revokes a key for good. Calls with it fail at once, on every gateway.',
  )
    .argument('<id>', 'the id of "parley key list", or the key itself', parseKeyId)
    .addHelpText('after', examples('parley key revoke 0123456789abcdef'))
    .action((id: string) => run(async () => (await import('./commands/key.ts')).revokeKey, { id }))
}
