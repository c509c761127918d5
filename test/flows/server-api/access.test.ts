import { expect, test } from 'vitest'
import { codeOver, issue, openInbox } from '../../harness/people/issued-token.ts'
import { SERVER_API, startParley } from '../../harness/servers/parley.ts'

const call = (name: string, id: string) => `mutation { ${name}(userId: "${id}") { deactivatedAt } }`
/** Not in the second of a revocation, which revokes the tokens of the whole second. */
const LATER = { ageS: -60 }

test('signing a user out ends open connections, and a later token signs in again', async () => {
  await using parley = await startParley({ config: SERVER_API })
  const backend = await parley.backend()
  const token = await issue('bob')
  await using inbox = await openInbox(parley, token)
  await backend.run(call('signOutUser', 'user_bob'))
  expect(await inbox.closed.next()).toMatchObject({ code: 4403, reason: 'Token revoked' })
  expect(await codeOver(parley.url, token)).toBe('UNAUTHENTICATED')
  expect(await codeOver(parley.url, await issue('bob', LATER))).toBeUndefined()
})

test('a deactivated user cannot sign in with any token until reactivated', async () => {
  await using parley = await startParley({ config: SERVER_API })
  const backend = await parley.backend()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chatId = await alice.startChat(bob)
  await using inbox = await openInbox(parley, await issue('bob'))
  await backend.run(call('deactivateUser', bob.id))
  await inbox.closed.next()
  expect(await codeOver(parley.url, await issue('bob', LATER))).toBe('UNAUTHENTICATED')
  const send = `mutation { sendMessage(input: { senderId: "${bob.id}", chatId: "${chatId}",
    clientMessageId: "1", body: "Hi" }) { deduplicated } }`
  expect(await backend.codeOf(send)).toBe('FORBIDDEN')
  await alice.send(chatId, 'Are you there?')
  await backend.run(call('reactivateUser', bob.id))
  expect(await codeOver(parley.url, await issue('bob', LATER))).toBeUndefined()
  expect(await backend.run(send)).toEqual({ sendMessage: { deduplicated: false } })
})

test.each(['signOutUser', 'deactivateUser', 'reactivateUser'])('%s rejects an unknown user', async (name) => {
  await using parley = await startParley({ config: SERVER_API })
  const backend = await parley.backend()
  expect(await backend.codeOf(call(name, 'user_unknown'))).toBe('NOT_FOUND')
  expect(await backend.codeOf(call(name, 'chat_1'))).toBe('BAD_USER_INPUT')
})
