import pg from 'pg'

/**
 * The transaction is committed on the primary, and it is not known whether its standby has it: somebody cancelled the
 * wait. If the primary died now, it would be gone; so it counts as unknown, as SQLSTATE 08007 says, and must be tried
 * again. That it is tried again is also what confirms it: whoever appends to a chat locks its row, the lock is written
 * to the log behind the first commit, and the standby that has the second has the first (see `messages/message-log`);
 * so does whoever finds the chat that an attempt has made (see `chats/chat-store`, `groups/group-store`).
 */
export class UnconfirmedCommitError extends pg.DatabaseError {
  override code = '08007'

  constructor() {
    super(
      'The wait for the synchronous standby was cancelled; the commit may not survive the primary',
      0,
      'error',
    )
  }
}

/** Known by where in the server it comes from: the words are in the server's language. */
export function isCancelledWait({
  code,
  routine,
}: Readonly<{ code?: string | undefined; routine?: string | undefined }>): boolean {
  return code === '01000' && routine === 'SyncRepWaitForLSN'
}
