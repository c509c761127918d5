import { expect, test } from 'vitest'
import { startGateway } from './gateway.ts'
import { RawSocket } from './raw-socket.ts'

test('beyond ESSENTIAL rejects new connections with a time to retry, and keeps open ones', async () => {
  const pressure: { retryAfterMs: number | undefined } = { retryAfterMs: undefined }
  await using gateway = await startGateway({ retryAfterMs: () => pressure.retryAfterMs })
  using here = await new RawSocket(gateway.webSocketUrl).init()
  pressure.retryAfterMs = 7_400
  using newcomer = await new RawSocket(gateway.webSocketUrl).open()
  newcomer.send({ type: 'connection_init', payload: { authorization: await gateway.token('alice') } })
  expect(await newcomer.closed).toEqual({ code: 4503, reason: 'Overloaded; come back in 7400 ms' })
  await expect.poll(() => gateway.websocket.connectionCount).toBe(1)
  expect(await here.run('1', '{ whoami }')).toMatchObject({ type: 'next' })
  pressure.retryAfterMs = undefined
  using welcome = await new RawSocket(gateway.webSocketUrl).init({
    authorization: await gateway.token('bob'),
  })
  expect(await welcome.run('1', '{ whoami }')).toMatchObject({ type: 'next' })
})
