import path from 'node:path'
import type { Manifest } from '../backup/manifest.ts'
import { countOf } from '../backup/progress.ts'
import { restore } from '../backup/restore.ts'
import { tellEveryMs } from './backup.ts'
import { openOperatorDatabase } from './operator-database.ts'
import { stoppable } from './stoppable.ts'
import type { RunVerb } from './verb.ts'
import { readVersion } from './version.ts'

const NOTHING_LEFT = 'The database is as empty as it was: start again when you like.'

/** Fills an empty database, and prints what was verified. */
export const restoreDatabase: RunVerb = async ({ positionals: [name = ''] }, process) => {
  const folder = path.resolve(name)
  const manifest = await stoppable(process, NOTHING_LEFT, async (signal) => {
    await using database = await openOperatorDatabase({ env: process.env, signal, needs: 'unused' })
    return await restore({
      url: database.url,
      folder,
      parleyVersion: await readVersion(),
      signal,
      tell: process.notice,
      tellEveryMs: tellEveryMs(process.isTerminal),
    })
  })
  for (const line of report(folder, manifest)) process.print(line)
  return 0
}

function report(folder: string, { tables, logs, takenAt }: Manifest): readonly string[] {
  return [
    ...tables.map(({ name, rows, digest }) => `✓ ${name}: ${countOf(rows, 'row')}, digest ${digest}`),
    `✓ ${countOf(logs.chats, 'log')} with ${countOf(logs.events, 'event')}`,
    `Restored from ${folder}: the database as it was at ${takenAt}, compared with what was backed up.`,
    'What was said after that is lost. Every device begins anew when it comes back, by InboxReset.',
    'If there is a Redis, empty it before the first start: what it holds is of the time that was lost.',
  ]
}
