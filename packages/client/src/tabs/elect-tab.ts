import { randomId } from '../lib/random-id.ts'
import { joinAlone, type JoinTabs, type TabEvents, type Tabs } from './tabs.ts'

/**
 * Elects the tab that holds the inbox by a Web Lock, which the browser hands on when its holder closes or crashes. Tabs
 * talk over a BroadcastChannel. Where a platform has neither, each tab leads. `storage` is the name that they share.
 */
export function electTab(storage: string): JoinTabs {
  return (events) => {
    const { navigator, BroadcastChannel: Channel } = globalThis as Partial<Window & typeof globalThis>
    const locks = (navigator as Partial<Navigator> | undefined)?.locks
    if (locks === undefined || Channel === undefined) return joinAlone(events)
    const name = `parley:${storage}:${events.client}`
    return joinTabs({ ...events, name, locks, channel: new Channel(name) })
  }
}

type Options = TabEvents & Readonly<{ name: string; locks: LockManager; channel: BroadcastChannel }>

function joinTabs({ name, locks, channel, onLead, onFollow, onMessage }: Options): Tabs {
  const id = randomId()
  const closed = new AbortController()
  let release: (() => void) | undefined
  let isLeader = false

  function post(message: unknown): void {
    // A BroadcastChannel stays within its origin, unlike a window.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    if (!closed.signal.aborted) channel.postMessage({ from: id, message })
  }

  channel.addEventListener(
    'message',
    ({ data }: MessageEvent<Readonly<{ from: string; message: unknown }>>) =>
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

  void elect()
  async function elect(): Promise<void> {
    try {
      const isTaken = await locks.request(name, { ifAvailable: true }, (lock) =>
        lock === null ? true : lead().then(() => false),
      )
      if (!isTaken || closed.signal.aborted) return
      onFollow()
      await locks.request(name, { signal: closed.signal }, lead)
    } catch (error) {
      if (!closed.signal.aborted) throw error
    }
  }

  return {
    isLeader: () => isLeader,
    post,
    close() {
      closed.abort()
      isLeader = false
      channel.close()
      release?.()
    },
  }
}
