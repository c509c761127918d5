import { importFile } from '../../import/import-file.ts'
import { linesOf } from '../../import/lines.ts'
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
