/** A backup can't be made, or not be restored. The message is for the operator: what is wrong, and what to do about it. */
export class BackupError extends Error {
  override readonly name = 'BackupError'
}

const NO_ROOM = ['ENOSPC', 'EDQUOT', 'EFBIG']

/** What to tell of a failure to write into the folder: a disk that is full in a sentence, anything else as it is. */
export function explainWriteFailure(error: unknown, folder: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (typeof code !== 'string' || !NO_ROOM.includes(code)) return error
  return new BackupError(
    `There is no room for the backup in ${folder} (${code}). What is there is unfinished: delete it, make room or choose ` +
      `another disk, and start again.`,
    { cause: error },
  )
}
