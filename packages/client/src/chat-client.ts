import type { ChatChanges, ChatClient, MemberRole, Message, OutgoingMessage } from './api.ts'
import {
  ADD_MEMBERS,
  DELETE,
  EDIT,
  REACT,
  REMOVE_MEMBER,
  SET_ROLE,
  UPDATE_CHAT,
} from './graphql/documents.ts'
import { ParleyError } from './errors.ts'
import type { Engine } from './engine/engine.ts'
import { applyReceipt } from './model/apply-event.ts'
import { readSeqOf } from './model/records.ts'
import type { Outbox } from './outbox/outbox.ts'
import type { Activity } from './presence/activity.ts'
import { inBackground } from './session/context.ts'
import type { ReadMarks } from './sync/read-marks.ts'

/** The object that an app holds for one chat. Changes come back as events, so nothing is changed here in advance. */
export function createChatClient(
  id: string,
  engine: Engine,
  activity: Activity,
  readMarks: ReadMarks,
): ChatClient {
  const { model, whenOpen, openChat, request } = engine
  const state = model.state(id)

  const mutate = async (document: string, input: object): Promise<void> => {
    await request(document, { input })
  }

  const onOutbox = (change: (outbox: Outbox) => void): void =>
    inBackground(
      engine,
      whenOpen().then(({ outbox }) => change(outbox)),
    )

  return {
    id,
    getSnapshot: state.getSnapshot,
    subscribe(listener) {
      openChat(id)
      return state.subscribe(listener)
    },
    async send(input: OutgoingMessage): Promise<Message> {
      const { outbox } = await whenOpen()
      const clientMessageId = await outbox.add(id, input)
      activity.noteSent(id)
      const shown = state
        .getSnapshot()
        .messages.findLast((message) => message.clientMessageId === clientMessageId)
      if (shown === undefined) throw new ParleyError('DISCARDED', 'The message was discarded.')
      return shown
    },
    retry: (clientMessageId) => onOutbox((outbox) => outbox.retry(clientMessageId)),
    discard: (clientMessageId) => onOutbox((outbox) => outbox.discard(clientMessageId)),
    edit: (messageId, body) => mutate(EDIT, { messageId, body }),
    remove: (messageId) => mutate(DELETE, { messageId }),
    react: (messageId, emoji, present) => mutate(REACT, { messageId, emoji, present }),
    markRead(seq) {
      const record = model.get(id)
      if (record === undefined) return
      const readSeq = Math.min(seq ?? record.headSeq, record.headSeq)
      if (readSeq <= readSeqOf(record, model.viewerId)) return
      // Shown at once: the server takes it as it is, or as more.
      model.set(applyReceipt(record, model.viewerId, { deliveredSeq: readSeq, readSeq }, model.viewerId))
      readMarks.mark(id, readSeq)
    },
    setTyping: (typing) => activity.setTyping(id, typing),
    loadOlder: async () => (await whenOpen()).sync.chat(id).loadOlder(),
    addMembers: (userIds) => mutate(ADD_MEMBERS, { chatId: id, userIds }),
    removeMember: (userId) => mutate(REMOVE_MEMBER, { chatId: id, userId }),
    setRole: (userId: string, role: MemberRole) => mutate(SET_ROLE, { chatId: id, userId, role }),
    update: (changes: ChatChanges) => mutate(UPDATE_CHAT, { chatId: id, ...changes }),
    leave: () => mutate(REMOVE_MEMBER, { chatId: id, userId: model.viewerId }),
  }
}
