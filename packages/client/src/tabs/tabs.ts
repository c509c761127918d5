/** One tab among those that share a storage. */
export type Tabs = Readonly<{
  /** Whether this tab holds the inbox. */
  isLeader(): boolean
  /** Sends a message to all other tabs. */
  post(message: unknown): void
  close(): void
}>

export type TabEvents = Readonly<{
  /** Distinguishes clients that share a storage: only tabs of the same one talk to each other. */
  client: string
  /** This tab holds the inbox from now on. */
  onLead(): void
  /** Another tab holds the inbox. */
  onFollow(): void
  onMessage(message: unknown, fromTab: string): void
}>

/** Joins the tabs that share a storage. */
export type JoinTabs = (events: TabEvents) => Tabs

/** A storage of one tab alone: it leads at once. */
export const joinAlone: JoinTabs = ({ onLead }) => {
  let isOpen = true
  queueMicrotask(() => isOpen && onLead())
  return { isLeader: () => isOpen, post: () => undefined, close: () => void (isOpen = false) }
}
