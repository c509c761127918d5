import path from 'node:path'
import type { Manifest } from '../../backup/manifest.ts'
import { countOf } from '../../backup/progress.ts'
import { restore } from '../../backup/restore.ts'
import type { Process, RunCommand } from '../process.ts'
import { readVersion } from '../../config/version.ts'
import { copyMediaIn, type MediaCopy } from '../../media/media-backup.ts'
import { MEDIA_FOLDER, progressIntervalMs } from './backup.ts'
import { withStorage } from './media.ts'
import { openOperatorDatabase } from './operator-database.ts'
import { stoppable } from './stoppable.ts'

const CONSEQUENCE = 'The database is as empty as it was. Start again when you like.'

/** Fills an empty database from a backup, and prints what was verified. */
export const restoreDatabase: RunCommand<Readonly<{ folder: string; media: boolean }>> = async (
  process,
  input,
) => {
  const folder = path.resolve(input.folder)
  const { manifest, copy } = await stoppable(process, CONSEQUENCE, async (signal) => {
    // The files first: this may be repeated, and a database that was filled cannot be filled again.
    const files = input.media ? await restoreFiles(process, folder, signal) : undefined
    await using database = await openOperatorDatabase({ env: process.env, signal, needs: 'unused' })
    const restored = await restore({
      url: database.url,
      folder,
      parleyVersion: readVersion(),
      signal,
      report: process.notice,
      reportIntervalMs: progressIntervalMs(process.isTerminal),
    })
    return { manifest: restored, copy: files }
  })
  if (copy !== undefined) process.print(`✓ ${countOf(copy.files, 'file')} of messages`)
  for (const line of report(folder, manifest)) process.print(line)
  return 0
}

function restoreFiles(process: Process, folder: string, signal: AbortSignal): Promise<MediaCopy> {
  return withStorage(process, (storage) =>
    copyMediaIn({ storage, folder: path.join(folder, MEDIA_FOLDER), signal }),
  )
}

function report(folder: string, { tables, logs, takenAt }: Manifest): readonly string[] {
  return [
    ...tables.map(({ name, rows, digest }) => `✓ ${name}: ${countOf(rows, 'row')}, digest ${digest}`),
    `✓ ${countOf(logs.chats, 'log')} with ${countOf(logs.events, 'event')}`,
    `Restored from ${folder}: the database as of ${takenAt}, verified against the backup.`,
    'Later messages are lost. Every device starts over with an InboxReset when it reconnects.',
    'If you use Redis, empty it before the first start: its contents are newer than the database.',
  ]
}
