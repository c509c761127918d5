import { randomUUID } from 'node:crypto'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Manifest } from '../../../src/backup/manifest.ts'
import { type Outcome, parley } from '../../unit/cli/terminal.ts'

/** Backs up the database into a new subfolder. */
export async function backUpTo(databaseUrl: string, parent: string): Promise<string> {
  const folder = join(parent, randomUUID())
  const { code, noticed } = await parley(['backup', folder], { DATABASE_URL: databaseUrl })
  if (code !== 0) throw new Error(noticed)
  return folder
}

/** Restores the backup into the database. */
export function restoreFrom(folder: string, databaseUrl: string): Promise<Outcome> {
  return parley(['restore', folder], { DATABASE_URL: databaseUrl })
}

/** Copies the backup into another folder. */
export async function copyOf(folder: string): Promise<string> {
  const copy = `${folder}-${randomUUID()}`
  await cp(folder, copy, { recursive: true })
  return copy
}

export async function manifestIn(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as Manifest
}

export async function writeManifest(folder: string, manifest: unknown): Promise<void> {
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest))
}
