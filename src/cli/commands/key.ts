import { createKeys, type Keys, type KeyState, MAX_ALIVE_PER_NAME } from '../../keys/keys.ts'
import { type Scope, SCOPES } from '../../keys/server-key.ts'
import type { Process, RunCommand } from '../process.ts'
import { openOperatorDatabase } from './operator-database.ts'
import { stoppable } from './stoppable.ts'
import { withDatabase } from './with-database.ts'

/** `lifetimeS` undefined: until it is revoked. */
type NewKey = Readonly<{ name: string; scopes: readonly Scope[]; lifetimeS: number | undefined }>

/** Prints the new key and nothing else, so that other commands can use it: `$(parley key create shop)`. */
export const createKey: RunCommand<NewKey> = async (process, input) => {
  const created = await withKeys(process, (keys) => keys.create(input))
  if (created === undefined) throw new Error(tooMany(input.name))
  process.print(created.text)
  return 0
}

/** Prints one line per key: its id, name, state, age and scopes. */
export const listKeys: RunCommand = async (process) => {
  const keys = await withKeys(process, (all) => all.list())
  if (keys.length === 0) process.print('There is no key yet. "parley key create <name>" makes one.')
  else for (const line of table([HEADINGS, ...keys.map(rowOf)])) process.print(line)
  return 0
}

/** Revokes a key for good. */
export const revokeKey: RunCommand<Readonly<{ id: string }>> = async (process, { id }) => {
  const key = await withKeys(process, (keys) => keys.revoke(id))
  if (key === undefined) throw new Error(`There is no key ${id}. "parley key list" shows all of them.`)
  process.print(`${key.id} (${key.name}) is revoked. Calls with it fail on every gateway.`)
  return 0
}

async function withKeys<Result>(process: Process, work: (keys: Keys) => Promise<Result>): Promise<Result> {
  return stoppable(process, 'Nothing was changed.', async (signal) => {
    await using database = await openOperatorDatabase({ env: process.env, signal, needs: 'existing' })
    return await withDatabase(database.url, ({ writer }) => work(createKeys({ writer })))
  })
}

const HEADINGS = ['ID', 'NAME', 'STATE', 'CREATED', 'SCOPES']

function rowOf(key: KeyState): readonly string[] {
  const scopes = key.scopes.length === SCOPES.length ? 'all' : key.scopes.join(', ')
  return [key.id, key.name, stateOf(key), dayOf(key.createdAt), scopes]
}

function stateOf({ isAlive, expiresAt, revokedAt }: KeyState): string {
  if (revokedAt !== null) return `revoked ${dayOf(revokedAt)}`
  if (expiresAt === null) return 'valid'
  return isAlive ? `valid until ${dayOf(expiresAt)}` : `expired ${dayOf(expiresAt)}`
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10)
}

/** Returns the rows with their columns aligned. */
function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

function tooMany(name: string): string {
  return `${MAX_ALIVE_PER_NAME} keys named "${name}" are valid already. Revoke one of them, or use another name.`
}
