import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { APPLICATION } from './application-role.ts'
import { hasCode } from '../../lib/error-info.ts'
import { findRunningServer } from './postmaster-file.ts'

/** The state of an embedded database, for a process other than the gateway that uses it. */
export type EmbeddedState =
  Readonly<{ type: 'running'; url: string }> | Readonly<{ type: 'stopped' }> | Readonly<{ type: 'absent' }>

/** Reads the state and starts nothing. The state may change at any moment. */
export async function embeddedState(dataDir: string): Promise<EmbeddedState> {
  const folder = path.join(path.resolve(dataDir), 'postgres')
  const password = await readPassword(folder)
  if (password === undefined) return { type: 'absent' }
  const port = (await findRunningServer(folder))?.port
  if (port === undefined) return { type: 'stopped' }
  return { type: 'running', url: `postgresql://${APPLICATION}:${password}@127.0.0.1:${port}/${APPLICATION}` }
}

async function readPassword(folder: string): Promise<string | undefined> {
  try {
    return (await readFile(path.join(folder, 'parley.password'), 'utf8')).trim()
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}
