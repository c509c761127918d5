import type { ChatChanges, ChatClient, ChatState, MemberRole, Message, OutgoingMessage } from './api.ts'
import {
  ADD_MEMBERS,
  DELETE,
  EDIT,
  REACT,
  REMOVE_MEMBER,
  SET_ROLE,
  UPDATE_CHAT,
} from './graphql/documents.ts'
import type { Request } from './graphql/http.ts'
import { applyReceipt } from './model/apply-event.ts'
import type { Model } from './model/model.ts'
import type { Outbox } from './outbox/outbox.ts'
import type { Activity } from './presence/activity.ts'
import type { ReadMarks } from './sync/read-marks.ts'
import type { Sync } from './sync/sync.ts'

type Dependencies = Readonly<{
  model: Model
  /** Resolves once the user and the device are known. Rejects before the client is started. */
  whenOpen(): Promise<Readonly<{ outbox: Outbox; sync: Sync }>>
  /** Loads the chat, now or once the client is started. */
  open(): void
  activity: Activity
  readMarks: ReadMarks
  request: Request
}>

/** The object that an app holds for one chat. Changes come back as events, so nothing is changed here in advance. */
export function createChatClient(id: string, dependencies: Dependencies): ChatClient {
  const { model, whenOpen, open, activity, readMarks, request } = dependencies
  const state = model.state(id)

  const mutate = async (document: string, variables: Readonly<Record<string, unknown>>): Promise<void> => {
    await request(document, variables)
  }

  return {
    id,
    getSnapshot: (): ChatState => state.getSnapshot(),
    subscribe(listener) {
      open()
      return state.subscribe(listener)
    },
    async send(input: OutgoingMessage): Promise<Message> {
      const { outbox } = await whenOpen()
      const { clientMessageId } = await outbox.add(id, input)
      activity.noteSent(id)
      const shown = state
        .getSnapshot()
        .messages.findLast((message) => message.clientMessageId === clientMessageId)
      if (shown === undefined) throw new Error('The message left the outbox before it was shown.')
      return shown
    },
    retry: (clientMessageId) => void whenOpen().then(({ outbox }) => outbox.retry(clientMessageId)),
    discard: (clientMessageId) => void whenOpen().then(({ outbox }) => outbox.discard(clientMessageId)),
    edit: (messageId, body) => mutate(EDIT, { id: messageId, body }),
    remove: (messageId) => mutate(DELETE, { id: messageId }),
    react: (messageId, emoji, present) => mutate(REACT, { id: messageId, emoji, present }),
    markRead(seq) {
      const record = model.get(id)
      if (record === undefined) return
      const readSeq = Math.min(seq ?? record.headSeq, record.headSeq)
      if (readSeq <= (record.watermarks.get(model.viewerId)?.readSeq ?? 0)) return
      // Shown at once: the server takes it as it is, or as more.
      model.set(applyReceipt(record, model.viewerId, { deliveredSeq: readSeq, readSeq }, model.viewerId))
      readMarks.mark(id, readSeq)
    },
    setTyping: (typing) => activity.setTyping(id, typing),
    loadOlder: async () => (await whenOpen()).sync.chat(id).loadOlder(),
    addMembers: (userIds) => mutate(ADD_MEMBERS, { input: { chatId: id, userIds } }),
    removeMember: (userId) => mutate(REMOVE_MEMBER, { input: { chatId: id, userId } }),
    setRole: (userId: string, role: MemberRole) => mutate(SET_ROLE, { input: { chatId: id, userId, role } }),
    update: (changes: ChatChanges) => mutate(UPDATE_CHAT, { input: { chatId: id, ...changes } }),
    leave: () => mutate(REMOVE_MEMBER, { input: { chatId: id, userId: model.viewerId } }),
  }
}
