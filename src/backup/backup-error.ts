import { codeOf } from '../lib/error-info.ts'

/** A backup or a restore failed. The message tells the operator what is wrong and what to do. */
export class BackupError extends Error {
  override readonly name = 'BackupError'
}

const NO_ROOM = ['ENOSPC', 'EDQUOT', 'EFBIG']

/** Turns a full disk into a BackupError. Returns every other error unchanged. */
export function explainWriteFailure(error: unknown, folder: string): unknown {
  const code = codeOf(error)
  if (code === undefined || !NO_ROOM.includes(code)) return error
  return new BackupError(
    `There is no room for the backup in ${folder} (${code}). The folder holds an unfinished backup: delete it, free some ` +
      `space or choose another disk, and start again.`,
    { cause: error },
  )
}

/** Turns a folder that cannot be created or written to into a BackupError. Returns every other error unchanged. */
export function explainUnusableFolder(error: unknown, folder: string): unknown {
  const code = codeOf(error)
  if (code === undefined || NO_ROOM.includes(code)) return error
  return new BackupError(
    `The folder ${folder} can't be created or written to (${code}). Name a folder where you may write.`,
    { cause: error },
  )
}
