import type { Config } from '../../config/config.ts'
import { loadConfig } from '../../config/load-config.ts'
import type { Secrets } from '../../config/secrets.ts'
import { createLevelCommands, type LevelCommands } from '../../overload/level-commands.ts'
import type { ServiceLevel } from '../../overload/levels.ts'
import { embeddedState } from '../../store/embedded/running-url.ts'
import type { RunCommand } from '../process.ts'
import { withDatabase } from './with-database.ts'

/** `lifetimeS` has no meaning for `auto`. */
type Input = Readonly<{ level: ServiceLevel | 'auto'; lifetimeS: number }>

/** Sets the service level of every gateway on this database until it expires, or lets the load decide again. */
export const setServiceLevel: RunCommand<Input> = async ({ env, print }, input) => {
  const { config, secrets } = loadConfig(env)
  const url = await databaseUrlFor(config, secrets)
  print(
    await withDatabase(url, ({ operatorWriter }) =>
      apply(input, createLevelCommands({ writer: operatorWriter })),
    ),
  )
  return 0
}

async function apply({ level, lifetimeS }: Input, commands: LevelCommands): Promise<string> {
  if (level === 'auto') {
    await commands.clear()
    return 'The load decides again, on every gateway within two seconds.'
  }
  const until = await commands.set(level, lifetimeS)
  return `${level} until ${until.toISOString()}, on every gateway within two seconds. Then the load decides again.`
}

/** An embedded database accepts connections only while its gateway runs, and without a gateway there is no level. */
async function databaseUrlFor({ dataDir }: Config, { databaseUrl }: Secrets): Promise<string> {
  if (databaseUrl !== undefined) return databaseUrl
  const state = await embeddedState(dataDir)
  if (state.type === 'running') return state.url
  throw new Error(`No gateway is running on ${dataDir}. Start it first, or set DATABASE_URL.`)
}
