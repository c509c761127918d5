import { codeOf } from '../lib/error-info.ts'

/** A backup can't be made, or not be restored. The message is for the operator: what is wrong, and what to do about it. */
export class BackupError extends Error {
  override readonly name = 'BackupError'
}

const NO_ROOM = ['ENOSPC', 'EDQUOT', 'EFBIG']

/** What to tell of a failure to write into the folder: a disk that is full in a sentence, anything else as it is. */
export function explainWriteFailure(error: unknown, folder: string): unknown {
  const code = codeOf(error)
  if (code === undefined || !NO_ROOM.includes(code)) return error
  return new BackupError(
    `There is no room for the backup in ${folder} (${code}). What is there is unfinished: delete it, make room or choose ` +
      `another disk, and start again.`,
    { cause: error },
  )
}

/** What to tell where a folder can't be begun: how the system refuses it, and what to name instead. */
export function explainUnusableFolder(error: unknown, folder: string): unknown {
  const code = codeOf(error)
  if (code === undefined || NO_ROOM.includes(code)) return error
  return new BackupError(
    `The folder ${folder} can't be made or written to (${code}). Name one in a place that is there, and where you may write.`,
    { cause: error },
  )
}
