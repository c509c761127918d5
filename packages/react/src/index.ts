import type {
  Attachment,
  ChatClient,
  ChatState,
  ChatSummary,
  ConnectionState,
  ParleyClient,
  Presence,
  ServiceStatus,
  Store,
  User,
} from '@parley/client'
import { type AttachmentStore, attachmentStore } from '@parley/client/uploads'
import {
  createContext,
  createElement,
  type ReactNode,
  useContext,
  useEffect,
  useMemo,
  useSyncExternalStore,
} from 'react'

const ParleyContext = createContext<ParleyClient | undefined>(undefined)

/** Props of `ParleyProvider`. */
export type ParleyProviderProps = Readonly<{
  /** Created once by the app, outside of rendering. The app closes it when the user signs out. */
  client: ParleyClient
  children?: ReactNode
}>

/**
 * Makes a client available to the hooks below it, and starts it once it is mounted. A rejected token is not thrown: it
 * is the connection state `signed-out`.
 */
export function ParleyProvider({ client, children }: ParleyProviderProps): ReactNode {
  useEffect(() => {
    client.start().catch(() => undefined)
  }, [client])
  return createElement(ParleyContext.Provider, { value: client }, children)
}

/** Returns the client of the nearest provider. Throws outside of one. */
export function useParley(): ParleyClient {
  const client = useContext(ParleyContext)
  if (client === undefined)
    throw new Error('Render <ParleyProvider client={…}> above the components that use Parley hooks.')
  return client
}

/** Returns whether the client is up to date, and if not, why. */
export function useConnection(): ConnectionState {
  return useStore(useParley().connection)
}

/** Returns the user of the token. Undefined until the server or storage has told. */
export function useViewer(): User | undefined {
  return useStore(useParley().viewer)
}

/** Returns all chats, the most recently active first. */
export function useChats(): readonly ChatSummary[] {
  return useStore(useParley().chats)
}

/** Returns the sum of the unread counts of all chats. */
export function useTotalUnread(): number {
  return useStore(useParley().totalUnread)
}

/** Returns what the server has paused under load. */
export function useServiceStatus(): ServiceStatus {
  return useStore(useParley().serviceStatus)
}

/** Returns whether a user is online. They have to share a chat with the viewer. */
export function usePresence(userId: string): Presence {
  return useStore(useParley().presence(userId))
}

/** The state of a chat together with what can be done to it. */
export type UseChat = ChatState & Omit<ChatClient, keyof Store<ChatState>>

/**
 * Returns a chat's state and its methods, and loads the chat. Methods keep their identity as long as the chat is the
 * same; the object changes whenever the state does.
 */
export function useChat(chatId: string): UseChat {
  const client = useParley()
  const chat = useMemo(() => client.chat(chatId), [client, chatId])
  const state = useStore(chat)
  return useMemo(() => ({ ...chat, ...state }), [chat, state])
}

/** On the server, a store's present value is rendered: nothing is loaded there. */
function useStore<Snapshot>(store: Store<Snapshot>): Snapshot {
  return useSyncExternalStore(store.subscribe, store.getSnapshot, store.getSnapshot)
}

/** An attachment with addresses that are valid. `renew` asks for new ones: call it if one of them fails. */
export type UseAttachment = Attachment & Pick<AttachmentStore, 'renew'>

/** Returns an attachment of a message. Its addresses are renewed before they expire, while the component is mounted. */
export function useAttachment(attachment: Attachment): UseAttachment {
  const client = useParley()
  const store = useMemo(() => attachmentStore(client, attachment), [client, attachment])
  const current = useStore(store)
  return useMemo(() => ({ ...current, renew: store.renew }), [current, store])
}
