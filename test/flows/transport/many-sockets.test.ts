import { expect, test } from 'vitest'
import { startGateway } from './gateway.ts'
import { RawSocket } from './raw-socket.ts'

test('rejects a new connection with a time to retry while too many wait, before it checks the token', async () => {
  let [waitMs, people] = [5_000, 0]
  const provision = async (): Promise<void> => void (people += 1)
  await using gateway = await startGateway({ expectedWaitMs: () => waitMs, provision })
  const payload = { authorization: await gateway.token('alice') }
  using early = await new RawSocket(gateway.webSocketUrl).open()
  early.send({ type: 'connection_init', payload })
  const { code, reason } = await early.closed
  expect([code, people]).toEqual([4503, 0])
  const [, hint] = /^Overloaded; come back in (\d+) ms$/.exec(reason) ?? []
  expect(Number(hint)).toBeGreaterThanOrEqual(2_500)
  expect(Number(hint)).toBeLessThanOrEqual(7_500)
  waitMs = 0
  using late = await new RawSocket(gateway.webSocketUrl).init(payload)
  expect(await late.run('1', '{ whoami }')).toMatchObject({ type: 'next', payload: { data: {} } })
})
