import { expect, test } from 'vitest'
import { connect } from '../../../examples/hand-written/connection.ts'
import { createSocketApi } from '../../../examples/hand-written/socket-api.ts'
import {
  PRESENCE,
  type Presence,
  presenceText,
  sendHeartbeats,
} from '../../../examples/hand-written/presence.ts'
import { startParley } from '../../harness/servers/parley.ts'

test('heartbeats of an app show its user online to the other, once', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  await alice.send(await alice.startChat(bob), 'Hello')
  await using socket = { client: connect(parley.url, () => alice.token), [Symbol.asyncDispose]: () => over() }
  const over = async (): Promise<void> => socket.client.dispose()
  const told = createSocketApi(socket.client).subscribe<{ presence: Presence }>(PRESENCE, {
    userIds: [bob.id],
  })
  const window = new EventTarget()
  let heartbeats = 0
  const mutate = <Data>(query: string): Promise<Data> => {
    heartbeats += 1
    return bob.run<Data>(query)
  }
  sendHeartbeats({ mutate }, window)
  const texts: string[] = []
  for await (const { presence } of told) {
    texts.push(presenceText(presence))
    if (texts.length === 2) break
    for (const event of ['pointerdown', 'keydown', 'scroll']) window.dispatchEvent(new Event(event))
  }
  expect(texts).toEqual(['', 'online'])
  expect(heartbeats).toBe(1)
})
