import { createParleyClient, type ParleyClient, type User } from '@parley/client'
import { indexedDbStorage } from '@parley/client/indexeddb'
import { createContext, use } from 'react'
import { createNetwork, type Network } from './network.ts'

/** One signed-in user in one window. */
export type Session = Readonly<{
  client: ParleyClient
  /** Present in a pane of the demo, where the connection can be cut. */
  network: Network | undefined
  /** People that the user may not share a chat with yet. */
  contacts: readonly User[]
  /** Undefined in a pane of the demo. */
  signOut: (() => void) | undefined
}>

type Options = Readonly<{
  token: string
  contacts?: readonly User[]
  canCut?: boolean
  signOut?: () => void
}>

/** Messages per page: two screens of a large window. */
const PAGE_SIZE = 50

export function createSession({ token, contacts = [], canCut = false, signOut }: Options): Session {
  const network = canCut ? createNetwork() : undefined
  const client = createParleyClient({
    url: new URL('graphql', document.baseURI).href,
    token,
    storage: indexedDbStorage(),
    pageSize: PAGE_SIZE,
    ...(network && { fetch: network.fetch, WebSocket: network.WebSocket }),
  })
  return { client, network, contacts, signOut }
}

export const SessionContext = createContext<Session | undefined>(undefined)

/** Returns the session of this window. */
export function useSession(): Session {
  const session = use(SessionContext)
  if (session === undefined) throw new Error('There is no session above this component.')
  return session
}
