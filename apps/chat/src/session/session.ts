import { createParleyClient, type ParleyClient, type User } from '@parley/client'
import { fileUploads } from '@parley/client/uploads'
import { createContext, use } from 'react'
import type { Embedder } from '../boot/embed.ts'
import { openNotifications, type Notifications } from '../notifications/notifications.ts'
import { createNetwork, type Network } from './network.ts'
import type { OpenStorage } from './storage.ts'

/** One signed-in user in one window. */
export type Session = Readonly<{
  client: ParleyClient
  /** Present in a pane of the demo, where the connection can be cut. */
  network: Network | undefined
  /** People that the user may not share a chat with yet. */
  contacts: readonly User[]
  /** Undefined in a pane of the demo, and in a product, which signs its people out itself. */
  signOut: (() => void) | undefined
  /** Begins again once the token is refused. Undefined in a pane of the demo. */
  signIn: (() => void) | undefined
  /** Present in a frame of a product. */
  embedder: Embedder | undefined
  notifications: Notifications
  /** Whether messages that are not sent are lost with the page. */
  isForgetful: boolean
}>

type Options = Readonly<{
  storage: OpenStorage
  token: string | (() => Promise<string>)
  contacts?: readonly User[]
  canCut?: boolean
  signOut?: () => void
  signIn?: () => void
  embedder?: Embedder
  /** Keeps the user signed in beyond this tab. */
  remember?: () => void
}>

/** Messages per page: two screens of a large window. */
const PAGE_SIZE = 50

export function createSession({
  storage,
  token,
  contacts = [],
  canCut = false,
  signOut,
  signIn,
  embedder,
  remember = () => undefined,
}: Options): Session {
  const network = canCut ? createNetwork() : undefined
  const client = createParleyClient({
    url: new URL('graphql', document.baseURI).href,
    token,
    storage: storage.open(),
    pageSize: PAGE_SIZE,
    uploads: fileUploads(network && { fetch: network.fetch }),
    ...(network && { fetch: network.fetch, WebSocket: network.WebSocket }),
  })
  const notifications = openNotifications(client, remember)
  const { isForgetful } = storage
  return { client, network, contacts, signOut, signIn, embedder, notifications, isForgetful }
}

export const SessionContext = createContext<Session | undefined>(undefined)

/** Returns the session of this window. */
export function useSession(): Session {
  const session = use(SessionContext)
  if (session === undefined) throw new Error('There is no session above this component.')
  return session
}
