import type { Secrets } from '../config/secrets.ts'
import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load-config.ts'
import { nearest } from '../lib/text.ts'
import { createLevelCommands, type LevelCommands } from '../overload/level-commands.ts'
import { SERVICE_LEVELS, type ServiceLevel } from '../overload/levels.ts'
import { embeddedState } from '../store/embedded/running-url.ts'
import { ensurePrismaClient } from '../store/migrations/ensure-prisma-client.ts'
import { createLogger } from '../telemetry/logger.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { parseDurationS } from './duration.ts'
import { type Arguments, type RunVerb, UsageError } from './verb.ts'

/** A level to hold for so long, or the load's own again. */
type Wish = Readonly<{ level: ServiceLevel; lifetimeS: number } | { level: 'auto' }>

/** A command that was forgotten ends with the hour. */
const LIFETIME = '1h'
const WORDS = [...SERVICE_LEVELS.map((level) => level.toLowerCase()), 'auto']

/** Tells every gateway of this database which level to keep, upwards or downwards, and until when. */
export const commandServiceLevel: RunVerb = async (args, { env, print }) => {
  const wish = wishFrom(args)
  const { config, secrets } = loadConfig(env)
  print(await withStore(await databaseUrlFor(config, secrets), (store) => carryOut(wish, store)))
  return 0
}

function wishFrom({ positionals: [word = ''], values }: Arguments): Wish {
  const level = SERVICE_LEVELS.find((each) => each.toLowerCase() === word.toLowerCase())
  if (level !== undefined) return { level, lifetimeS: parseDurationS('--for', values['for'] ?? LIFETIME) }
  if (word.toLowerCase() !== 'auto') throw unknownLevel(word)
  if (values['for'] === undefined) return { level: 'auto' }
  throw new UsageError('--for goes with a level; auto is for good.')
}

function unknownLevel(word: string): UsageError {
  const meant = nearest(word.toLowerCase(), WORDS, () => 3)
  const hint = meant === undefined ? '' : ` Did you mean ${meant}?`
  return new UsageError(`<level> must be normal, busy, essential or auto, not "${word}".${hint}`)
}

async function carryOut(wish: Wish, store: LevelCommands): Promise<string> {
  if (wish.level === 'auto') {
    await store.clear()
    return 'The load decides again, on every gateway within two seconds.'
  }
  const until = await store.set(wish.level, wish.lifetimeS)
  return `${wish.level} until ${until.toISOString()}, on every gateway within two seconds. Then the load decides again.`
}

/** The embedded database answers only while its instance runs, and without one there is nobody to command. */
async function databaseUrlFor({ dataDir }: Config, { databaseUrl }: Secrets): Promise<string> {
  if (databaseUrl !== undefined) return databaseUrl
  const state = await embeddedState(dataDir)
  if (state.type === 'running') return state.url
  throw new Error(`No instance is running on ${dataDir}. Start it first, or set DATABASE_URL.`)
}

async function withStore<Result>(
  writerUrl: string,
  work: (store: LevelCommands) => Promise<Result>,
): Promise<Result> {
  await ensurePrismaClient()
  const { createDatabase } = await import('../store/database.ts')
  const logger = createLogger({ level: 'silent', pretty: false })
  const database = createDatabase({ writerUrl, logger, metrics: createMetrics(), poolSize: 1 })
  try {
    await database.start()
    return await work(createLevelCommands(database))
  } catch (error) {
    throw isTableMissing(error) ? new Error(NOT_MIGRATED, { cause: error }) : error
  } finally {
    await database.stop()
  }
}

const NOT_MIGRATED = 'The database knows of no service levels yet: run "parley migrate" first.'

function isTableMissing(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === '42P01'
}
