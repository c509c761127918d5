import path from 'node:path'
import type { Manifest } from '../../backup/manifest.ts'
import { countOf } from '../../backup/progress.ts'
import { restore } from '../../backup/restore.ts'
import type { RunCommand } from '../process.ts'
import { readVersion } from '../../config/version.ts'
import { progressIntervalMs } from './backup.ts'
import { openOperatorDatabase } from './operator-database.ts'
import { stoppable } from './stoppable.ts'

const CONSEQUENCE = 'The database is as empty as it was. Start again when you like.'

/** Fills an empty database from a backup, and prints what was verified. */
export const restoreDatabase: RunCommand<Readonly<{ folder: string }>> = async (process, input) => {
  const folder = path.resolve(input.folder)
  const manifest = await stoppable(process, CONSEQUENCE, async (signal) => {
    await using database = await openOperatorDatabase({ env: process.env, signal, needs: 'unused' })
    return await restore({
      url: database.url,
      folder,
      parleyVersion: readVersion(),
      signal,
      report: process.notice,
      reportIntervalMs: progressIntervalMs(process.isTerminal),
    })
  })
  for (const line of report(folder, manifest)) process.print(line)
  return 0
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
