import type { ConnectionState, ServiceStatus } from '../api.ts'
import type { InboxData } from '../graphql/responses.ts'
import { randomId } from '../lib/random-id.ts'
import type { Confirmed } from '../outbox/outbox.ts'
import type { PresenceData } from '../presence/presence-watch.ts'

/** What tabs that share a device tell each other. */
export type TabMessage =
  /** From a tab that follows: the leader answers with `state`. */
  | Readonly<{ type: 'hello' }>
  /** From the leader. `heads` are the newest seqs that it has applied, so that followers find what they have missed. */
  | Readonly<{
      type: 'state'
      connection: ConnectionState
      status: ServiceStatus
      heads: ReadonlyMap<string, number>
    }>
  /** From the leader: an item of the inbox. */
  | Readonly<{ type: 'item'; item: InboxData }>
  /** From the leader: a user's presence. */
  | Readonly<{ type: 'presence'; presence: PresenceData }>
  /** To the leader: the users whose presence this tab shows. */
  | Readonly<{ type: 'watch'; userIds: readonly string[] }>
  /** The outbox in storage has changed. */
  | Readonly<{ type: 'outbox' }>
  /** From the leader: a message was sent. */
  | Readonly<{ type: 'sent'; confirmed: Confirmed }>
  /** A tab closes, and no longer watches anyone. */
  | Readonly<{ type: 'bye' }>

/** One tab among those that share a device. */
export type Tabs = Readonly<{
  /** Whether this tab holds the inbox. */
  isLeader(): boolean
  post(message: TabMessage): void
  close(): void
}>

type Dependencies = Readonly<{
  /** Undefined: the storage is this tab's alone, and it leads at once. */
  name: string | undefined
  onLead(): void
  onFollow(): void
  onMessage(message: TabMessage, fromTab: string): void
}>

/**
 * Elects the tab that holds the inbox, by a Web Lock: the browser hands it on when its holder closes or crashes. Tabs
 * talk over a BroadcastChannel. Where a platform has neither, there is only one tab.
 */
export function joinTabs({ name, onLead, onFollow, onMessage }: Dependencies): Tabs {
  const { navigator, BroadcastChannel: Channel } = globalThis as Partial<Window & typeof globalThis>
  const locks = (navigator as Partial<Navigator> | undefined)?.locks
  if (name === undefined || locks === undefined || Channel === undefined) {
    let isOpen = true
    queueMicrotask(() => isOpen && onLead())
    return { isLeader: () => isOpen, post: () => undefined, close: () => void (isOpen = false) }
  }

  const id = randomId()
  const channel = new Channel(name)
  const closed = new AbortController()
  let release: (() => void) | undefined
  let isLeader = false

  function post(message: TabMessage): void {
    // A BroadcastChannel stays within its origin, unlike a window.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    if (!closed.signal.aborted) channel.postMessage({ from: id, message })
  }

  channel.addEventListener(
    'message',
    ({ data }: MessageEvent<Readonly<{ from: string; message: TabMessage }>>) =>
      onMessage(data.message, data.from),
  )

  function lead(): Promise<void> {
    return new Promise((resolve) => {
      release = resolve
      if (closed.signal.aborted) return resolve()
      isLeader = true
      onLead()
    })
  }

  void elect(locks, name)
  async function elect(manager: LockManager, lockName: string): Promise<void> {
    try {
      const isTaken = await manager.request(lockName, { ifAvailable: true }, (lock) =>
        lock === null ? true : lead().then(() => false),
      )
      if (!isTaken || closed.signal.aborted) return
      onFollow()
      await manager.request(lockName, { signal: closed.signal }, lead)
    } catch (error) {
      if (!closed.signal.aborted) throw error
    }
  }

  return {
    isLeader: () => isLeader,
    post,
    close() {
      post({ type: 'bye' })
      closed.abort()
      isLeader = false
      channel.close()
      release?.()
    },
  }
}
