import path from 'node:path'
import { backUp } from '../../backup/back-up.ts'
import type { Manifest } from '../../backup/manifest.ts'
import { countOf, megabytes } from '../../backup/progress.ts'
import { copyMediaOut, type MediaCopy } from '../../media/media-backup.ts'
import type { Process, RunCommand } from '../process.ts'
import { readVersion } from '../../config/version.ts'
import { withMedia } from './media.ts'
import { openOperatorDatabase } from './operator-database.ts'
import { stoppable } from './stoppable.ts'

/** The folder of a backup with the files of messages. */
export const MEDIA_FOLDER = 'media'

/** A person at a terminal sees progress each second; a log is kept short. */
const PROGRESS_INTERVAL_MS = { terminal: 1_000, log: 15_000 }

/** Returns how often a copy reports its progress. */
export function progressIntervalMs(isTerminal: boolean): number {
  return isTerminal ? PROGRESS_INTERVAL_MS.terminal : PROGRESS_INTERVAL_MS.log
}

/** Writes a backup while gateways may run. */
export const backUpDatabase: RunCommand<Readonly<{ folder: string; media: boolean }>> = async (
  process,
  input,
) => {
  const folder = path.resolve(input.folder)
  const consequence = `The backup in ${folder} is incomplete and can't be restored. Delete it.`
  const { manifest, copy } = await stoppable(process, consequence, async (signal) => {
    await using database = await openOperatorDatabase({ env: process.env, signal, needs: 'existing' })
    const written = await backUp({
      url: database.url,
      folder,
      parleyVersion: readVersion(),
      signal,
      report: process.notice,
      reportIntervalMs: progressIntervalMs(process.isTerminal),
    })
    return {
      manifest: written,
      copy: input.media ? await copyFiles(process, database.url, folder, signal) : undefined,
    }
  })
  if (manifest.logs.broken > 0) process.notice(brokenLogs(manifest))
  process.print(summary(folder, manifest))
  if (copy !== undefined) process.print(`Copied ${countOf(copy.files, 'file')} of messages.`)
  for (const name of copy?.missing ?? []) process.notice(`! The storage does not have ${name}.`)
  return 0
}

async function copyFiles(
  process: Process,
  databaseUrl: string,
  folder: string,
  signal: AbortSignal,
): Promise<MediaCopy> {
  return withMedia(process, databaseUrl, (store, storage) =>
    copyMediaOut({ store, storage, folder: path.join(folder, MEDIA_FOLDER), signal }),
  )
}

function summary(folder: string, { tables, logs, takenAt }: Manifest): string {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0)
  const bytes = tables.reduce((sum, table) => sum + table.fileBytes, 0)
  return (
    `Backed up into ${folder}: the database as of ${takenAt}, ${countOf(tables.length, 'table')} with ` +
    `${countOf(rows, 'row')}, ${countOf(logs.chats, 'log')} with ${countOf(logs.events, 'event')}, ${megabytes(bytes)}.`
  )
}

function brokenLogs({ logs }: Manifest): string {
  return (
    `! ${countOf(logs.broken, 'chat log')} with missing events, or with another end than the chat states. ` +
    `The database is damaged, and the backup is a faithful copy of it.`
  )
}
