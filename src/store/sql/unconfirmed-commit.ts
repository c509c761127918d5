import pg from 'pg'

/**
 * The transaction is committed on the primary, but the wait for the synchronous standby was cancelled. If the primary
 * died now, the commit could be lost. So its outcome counts as unknown (SQLSTATE 08007), and it must be retried. The
 * retry also confirms it: it locks the chat's row, which writes to the log after the first commit. A standby that has
 * the second commit has the first as well (see `messages/append-store`, `chats/chat-store`, `groups/group-store`).
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

/** Recognises the warning by the routine that sent it, because its text is in the server's language. */
export function isCancelledWait({
  code,
  routine,
}: Readonly<{ code?: string | undefined; routine?: string | undefined }>): boolean {
  return code === '01000' && routine === 'SyncRepWaitForLSN'
}
