import { open } from 'node:fs/promises'
import { ImportError, importFile } from '../../import/import-file.ts'
import { linesOf } from '../../import/lines.ts'
import { codeOf, messageOf } from '../../lib/error-info.ts'
import type { RunCommand } from '../process.ts'
import { progressIntervalMs } from './backup.ts'
import { openOperatorDatabase } from './operator-database.ts'
import { stoppable } from './stoppable.ts'
import { withDatabase } from './with-database.ts'

/** Imports users, chats and messages from a file, or only checks it. */
export const importData: RunCommand<Readonly<{ file: string; onlyCheck: boolean }>> = async (
  process,
  { file, onlyCheck },
) => {
  const consequence = 'Run the same command again to continue where it stopped.'
  await requireFile(file)
  const done = await stoppable(process, consequence, async (signal) => {
    await using database = await openOperatorDatabase({ env: process.env, signal, needs: 'existing' })
    return await withDatabase(database.url, ({ writer }) =>
      importFile({
        readLines: () => linesOf(file),
        writer,
        onlyCheck,
        signal,
        report: process.notice,
        reportIntervalMs: progressIntervalMs(process.isTerminal),
      }),
    )
  })
  const [users, chats, messages, skipped] = [done.users, done.chats, done.messages, done.skipped].map(
    (count) => count.toLocaleString('en-US'),
  )
  process.print(
    onlyCheck
      ? `The file has no problem: ${users} users, ${chats} chats, ${messages} messages.`
      : `Imported ${users} users, ${chats} chats and ${messages} messages. ${skipped} were there already.`,
  )
  return 0
}

/** Checked before the database is opened, which can take seconds. */
async function requireFile(path: string): Promise<void> {
  const problem = await problemOf(path)
  if (problem !== undefined) throw new ImportError(problem)
}

async function problemOf(path: string): Promise<string | undefined> {
  try {
    await using file = await open(path)
    return (await file.stat()).isDirectory() ? `${path} is a folder. Pass the path of a file.` : undefined
  } catch (error) {
    switch (codeOf(error)) {
      case 'ENOENT':
        return `There is no file ${path}. Check the path, and the folder that you run the command in.`
      case 'EACCES':
      case 'EPERM':
        return `You may not read ${path}. Change its permissions, or run the command as another user.`
      default:
        return `${path} cannot be read: ${messageOf(error)}. Check the path.`
    }
  }
}
