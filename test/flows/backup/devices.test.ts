import { expect, test } from 'vitest'
import { createEmptyTestDatabase } from '../../harness/servers/database.ts'
import { startParley } from '../../harness/servers/parley.ts'
import type { Stream } from '../../harness/people/person.ts'
import { parley as command } from '../../unit/cli/terminal.ts'
import { temporaryFolder } from '../cli/program.ts'
import { backUpTo, restoreFrom } from './running.ts'

const TOLD = ['InboxReset', 'CaughtUp']

test('a device that is ahead of a restored log gets InboxReset, whether or not the backup knows it', async () => {
  await using folder = await temporaryFolder()
  await using restored = await createEmptyTestDatabase()
  const chatId = await (async () => {
    await using parley = await startParley()
    const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
    const chat = await alice.startChat(bob)
    using _phone = bob.inbox('phone')
    await _phone.caughtUp()
    await alice.send(chat, 'kept')
    await bob.markDelivered(chat, 1, 'phone')
    const backup = await backUpTo(parley.databaseUrl, folder.path)
    using _tablet = bob.inbox('tablet')
    await _tablet.caughtUp()
    for (const body of ['lost', 'lost as well', 'lost too']) await alice.send(chat, body)
    await bob.markDelivered(chat, 4, 'phone')
    await bob.markDelivered(chat, 4, 'tablet')
    expect(await restoreFrom(backup, restored.url)).toMatchObject({ code: 0, noticed: '' })
    return chat
  })()

  await using parley = await startParley({ databaseUrl: restored.url })
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  for (const body of ['two', 'three', 'four']) await alice.send(chatId, body)
  for (const device of ['phone', 'tablet']) {
    using first = bob.inbox(device)
    await first.caughtUp()
    expect(types(first), device).toEqual(TOLD)
    const { headSeq } = await bob.fetchChat(chatId)
    expect(headSeq).toBe(4)
    await bob.markDelivered(chatId, headSeq, device)
  }
  await alice.send(chatId, 'five')
  for (const device of ['phone', 'tablet']) {
    using again = bob.inbox(device)
    await again.caughtUp()
    expect(again.bodies(chatId), device).toEqual(['five'])
    expect(types(again)).not.toContain('InboxReset')
  }
})

test('acknowledgements of lost events are ignored after a restore', async () => {
  await using folder = await temporaryFolder()
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chatId = await alice.startChat(bob)
  using phone = bob.inbox('phone')
  await phone.caughtUp()
  await alice.send(chatId, 'hello')
  await using restored = await createEmptyTestDatabase()
  await restoreFrom(await backUpTo(parley.databaseUrl, folder.path), restored.url)

  await using second = await startParley({ databaseUrl: restored.url })
  const late = await second.person('bob')
  await late.markDelivered(chatId, 1, 'phone')
  using inbox = late.inbox('phone')
  await inbox.caughtUp()
  expect(types(inbox)).toEqual(TOLD)
})

test('the key of a lost message can be used again, and that of a kept message deduplicates', async () => {
  await using folder = await temporaryFolder()
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chatId = await alice.startChat(bob)
  await alice.send(chatId, 'kept', 'key-1')
  const backup = await backUpTo(parley.databaseUrl, folder.path)
  await alice.send(chatId, 'lost', 'key-2')
  await using restored = await createEmptyTestDatabase()
  await restoreFrom(backup, restored.url)

  await using second = await startParley({ databaseUrl: restored.url })
  const again = await second.person('alice')
  expect(await again.trySend(chatId, 'kept', 'key-1')).toMatchObject({
    deduplicated: true,
    message: { seq: 1 },
  })
  expect(await again.trySend(chatId, 'lost', 'key-2')).toMatchObject({
    deduplicated: false,
    message: { seq: 2 },
  })
})

test('"parley reset-devices" resets the devices of a database that was set back by other means', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chatId = await alice.startChat(bob)
  {
    using phone = bob.inbox('phone')
    await phone.caughtUp()
    await alice.send(chatId, 'hello')
    await bob.markDelivered(chatId, 1, 'phone')
  }
  expect(await command(['reset-devices'], { DATABASE_URL: parley.databaseUrl })).toMatchObject({ code: 0 })
  for (const device of ['phone', 'never seen']) {
    using inbox = bob.inbox(device)
    await inbox.caughtUp()
    expect(types(inbox), device).toEqual(TOLD)
  }
})

/** Without receipts, which may or may not arrive. */
function types({ items }: Stream): readonly string[] {
  return items.all.map(({ __typename }) => __typename).filter((type) => type !== 'ReceiptAdvanced')
}
