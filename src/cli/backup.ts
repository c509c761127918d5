import path from 'node:path'
import { backUp } from '../backup/back-up.ts'
import type { Manifest } from '../backup/manifest.ts'
import { count, countOf, megabytes } from '../backup/progress.ts'
import { openOperatorDatabase } from './operator-database.ts'
import { stoppable } from './stoppable.ts'
import type { RunVerb } from './verb.ts'
import { readVersion } from './version.ts'

/** Where a person watches, a line each second; in a log, now and then. */
const TELL_EVERY_MS = { terminal: 1_000, log: 15_000 }

/** How often a copy tells how far it has come. */
export function tellEveryMs(isTerminal: boolean): number {
  return isTerminal ? TELL_EVERY_MS.terminal : TELL_EVERY_MS.log
}

/** Writes a backup, beside whatever instances do meanwhile. */
export const backUpDatabase: RunVerb = async ({ positionals: [name = ''] }, process) => {
  const folder = path.resolve(name)
  const left = `What is in ${folder} is unfinished and can't be restored: delete it.`
  const manifest = await stoppable(process, left, async (signal) => {
    await using database = await openOperatorDatabase({ env: process.env, signal, needs: 'existing' })
    return await backUp({
      url: database.url,
      folder,
      parleyVersion: await readVersion(),
      signal,
      tell: process.notice,
      tellEveryMs: tellEveryMs(process.isTerminal),
    })
  })
  if (manifest.logs.broken > 0) process.notice(brokenLogs(manifest))
  process.print(summary(folder, manifest))
  return 0
}

function summary(folder: string, { tables, logs, takenAt }: Manifest): string {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0)
  const bytes = tables.reduce((sum, table) => sum + table.fileBytes, 0)
  return (
    `Backed up into ${folder}: the database as it was at ${takenAt}, ${countOf(tables.length, 'table')} with ` +
    `${countOf(rows, 'row')}, ${countOf(logs.chats, 'log')} with ${countOf(logs.events, 'event')}, ${megabytes(bytes)}.`
  )
}

function brokenLogs({ logs }: Manifest): string {
  return (
    `! Logs that have a hole, or end elsewhere than their chat says: ${count(logs.broken)}. The database was damaged, and ` +
    `the backup is a faithful copy of that.`
  )
}
