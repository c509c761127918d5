import { randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { MediaStorage } from './storage.ts'

/** Stores an object, reads it and removes it. Rejects, with the reason, if one of these fails. */
export async function probeStorage(storage: MediaStorage): Promise<void> {
  const folder = randomUUID()
  const file = join(storage.incomingFolder, folder)
  await mkdir(storage.incomingFolder, { recursive: true })
  await writeFile(file, folder)
  await storage.put(`${folder}/probe/file`, file)
  const found = await text(await storage.read(`${folder}/probe/file`))
  await storage.remove(folder)
  if (found !== folder) throw new Error('The storage returns other bytes than were stored')
}
