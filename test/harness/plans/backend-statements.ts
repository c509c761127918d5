import type { TestParley } from '../servers/parley.ts'
import { query } from '../servers/database.ts'
import { until } from '../fixtures/until.ts'
import type { Person } from '../people/person.ts'
import { WEBHOOK_TYPES } from '../../../src/followers/webhooks/webhook.ts'
import { startReceiver } from '../people/webhook-receiver.ts'

type Change = Readonly<{ updateMembers: Readonly<{ id: string }> }>

/** Calls the server API, and lets a webhook fail and succeed, so that all of their statements are sent. */
export async function useBackend(parley: TestParley, directChat: string): Promise<void> {
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const backend = await parley.backend()
  const { ensureGroup } = await backend.run<{ ensureGroup: { chat: { id: string } } }>(`mutation {
    ensureGroup(input: { key: "team", title: "Team", ownerIds: ["${alice.id}"], memberIds: [] }) { chat { id } } }`)
  const chatId = ensureGroup.chat.id
  await backend.run<Change>(`mutation { updateMembers(input: {
    chatId: "${chatId}", key: "1", set: [{ userId: "${bob.id}" }] }) { id } }`)
  await followChat(parley, alice, directChat)
  const message = await alice.send(chatId, 'rude')
  await backend.run(`mutation { deleteMessage(input: { messageId: "${message.id}" }) { id } }`)
  await backend.run('mutation { upsertUsers(users: [{ id: "user_dave", name: "Dave" }]) { id } }')
  await backend.run('mutation { deactivateUser(userId: "user_dave") { id } }')
}

async function followChat({ databaseUrl }: TestParley, alice: Person, chatId: string): Promise<void> {
  await using receiver = await startReceiver(databaseUrl, { types: WEBHOOK_TYPES, pendingAfterS: 0 })
  const failed = async (): Promise<boolean> =>
    (await query(databaseUrl, 'SELECT FROM chat_marks WHERE attempts > 0')).length > 0
  receiver.answerWith(() => ({ status: 500 }))
  await alice.send(chatId, 'one')
  await until(failed)
  receiver.answerWith(() => ({ status: 204 }))
  await query(databaseUrl, 'UPDATE chat_marks SET due_at = now()')
  await receiver.accepted.next()
  // The mark of a chat with newer events is released, not deleted.
  let isFirst = true
  receiver.answerWith(() => {
    if (isFirst) void alice.send(chatId, 'three')
    isFirst = false
    return { status: 204 }
  })
  await alice.send(chatId, 'two')
  await receiver.accepted.until((all) => all.length >= 3)
  await receiver.operate((webhooks) => webhooks.pause(receiver.id))
  await receiver.operate((webhooks) => webhooks.remove(receiver.id))
}
