import { randomUUID } from 'node:crypto'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Manifest } from '../../../src/backup/manifest.ts'
import { type Outcome, parley } from '../../unit/cli/terminal.ts'

/** Writes a backup of this database into a new folder below another one. */
export async function backUpTo(databaseUrl: string, parent: string): Promise<string> {
  const folder = join(parent, randomUUID())
  const { code, noticed } = await parley(['backup', folder], { DATABASE_URL: databaseUrl })
  if (code !== 0) throw new Error(noticed)
  return folder
}

/** Restores what is in the folder into this database. */
export function restoreFrom(folder: string, databaseUrl: string): Promise<Outcome> {
  return parley(['restore', folder], { DATABASE_URL: databaseUrl })
}

/** Another folder with the same backup in it. */
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
