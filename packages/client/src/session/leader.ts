import type { ServiceStatus } from '../api.ts'
import { createConnection, toConnectionState } from '../connection/connection.ts'
import type { Socket } from '../connection/socket.ts'
import { listenToSurroundings } from '../connection/surroundings.ts'
import type { ParleyError } from '../errors.ts'
import { INBOX, SERVICE_STATUS } from '../graphql/documents.ts'
import type { InboxData } from '../graphql/responses.ts'
import { createPresenceWatch } from '../presence/presence-watch.ts'
import { inBackground, type SessionContext } from './context.ts'
import { refreshViewer } from './identity.ts'

/** In larger chats, receipts are neither sent to every member nor replayed. */
const LARGE_CHAT = 100
/** Before an inbox that the server has ended is opened again, in milliseconds. Longer if it was rejected for good. */
const REOPEN_MS = 1_000
const REJECTED_MS = 10_000

/** The half of a session that holds the connection, on behalf of all tabs of the device. */
export type Leader = Readonly<{
  /** `mayHaveMissed`: this tab has followed another one, whose last items may not have arrived. */
  lead(mayHaveMissed: boolean): void
  /** The users whose presence one tab shows. */
  watch(tab: string, userIds: readonly string[]): void
  /** Tells the other tabs how things stand. */
  postState(): void
  stop(): void
}>

export function createLeader(context: SessionContext, deviceId: string): Leader {
  const { model, sync, outbox, presences, serviceStatus, post, onError } = context
  const watchedByTab = new Map<string, readonly string[]>()
  let isVerified = true

  const presenceWatch = createPresenceWatch((presence) => {
    post({ type: 'presence', presence })
    presences.apply(presence)
  })
  const connection = createConnection({ ...context, onOpened })
  listenToSurroundings(connection.noteNetworkUp, context.signal)
  connection.state.subscribe(() => {
    const state = toConnectionState(connection.state.getSnapshot())
    context.connection.set(state)
    outbox.setSender(true, state.type === 'live' || state.type === 'catching-up')
    postState()
  })

  /** Opens everything that lives as long as one connection. Returns how to end it. */
  function onOpened(socket: Socket): () => void {
    const closed = new AbortController()
    openInbox(socket, closed.signal)
    const onData = ({ serviceStatus: status }: Readonly<{ serviceStatus: ServiceStatus }>): void => {
      serviceStatus.set(status)
      postState()
    }
    socket.subscribe(SERVICE_STATUS, {}, { onData, onEnd: () => undefined })
    presenceWatch.setSocket(socket)
    context.socket.set(socket)
    if (sync.isReady()) sync.refreshLarge(LARGE_CHAT)
    // No event tells that the user's own name has changed.
    inBackground(context, refreshViewer(context))
    return () => {
      closed.abort()
      presenceWatch.setSocket(undefined)
      context.socket.set(undefined)
      presences.forget()
      model.clearTyping()
    }
  }

  function openInbox(socket: Socket, closed: AbortSignal): void {
    let timer: ReturnType<typeof setTimeout> | undefined
    closed.addEventListener('abort', () => clearTimeout(timer))
    const onData = ({ inbox: item }: Readonly<{ inbox: InboxData }>): void => {
      // The other tabs first: what is acknowledged below has to have reached them.
      post({ type: 'item', item })
      const wasReady = sync.isReady()
      sync.receive(item)
      const { __typename: type } = item
      // A direct chat counts as shared once it has a message.
      if (type === 'MemberAdded' || (type === 'MessageSent' && item.seq === 1)) presenceWatch.retryRejected()
      if (type === 'CaughtUp' || (type === 'InboxReset' && wasReady)) inBackground(context, catchUp(closed))
    }
    const onEnd = (error: ParleyError | undefined): void => {
      if (closed.aborted) return
      const isRejected = error?.isRetryable === false
      if (isRejected) onError(error)
      timer = setTimeout(open, error?.retryAfterMs ?? (isRejected ? REJECTED_MS : REOPEN_MS))
    }
    const open = (): void => void socket.subscribe(INBOX, { deviceId }, { onData, onEnd })
    open()
  }

  async function catchUp(closed: AbortSignal): Promise<void> {
    await (isVerified ? sync.catchUp() : sync.verify())
    isVerified = true
    if (!closed.aborted) connection.noteCaughtUp()
  }

  function postState(): void {
    // A tab that closes says nothing: the next one to lead does.
    if (!context.isLeader() || context.signal.aborted) return
    post({
      type: 'state',
      connection: context.connection.getSnapshot(),
      status: serviceStatus.getSnapshot(),
      heads: model.ids().map((chatId) => [chatId, model.get(chatId)?.headSeq ?? 0]),
    })
  }

  return {
    lead(mayHaveMissed) {
      isVerified = !mayHaveMissed
      connection.start()
      // The tab that led before may have ended between a write and its news.
      inBackground(context, outbox.load())
    },
    watch(tab, userIds) {
      watchedByTab.set(tab, userIds)
      presenceWatch.want([...watchedByTab.values()].flat())
    },
    postState,
    stop: connection.stop,
  }
}
