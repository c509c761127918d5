import { expect, test } from 'vitest'
import { startGateway } from './gateway.ts'
import { RawSocket } from './raw-socket.ts'

test('beyond ESSENTIAL a newcomer is told when to return, and whoever is here stays', async () => {
  const pressure: { turnAwayMs: number | undefined } = { turnAwayMs: undefined }
  await using gateway = await startGateway({ turnAwayMs: () => pressure.turnAwayMs })
  using here = await new RawSocket(gateway.webSocketUrl).init()
  pressure.turnAwayMs = 7_400
  using newcomer = await new RawSocket(gateway.webSocketUrl).open()
  newcomer.send({ type: 'connection_init', payload: { authorization: await gateway.token('alice') } })
  expect(await newcomer.closed).toEqual({ code: 4503, reason: 'Overloaded; come back in 7400 ms' })
  await expect.poll(() => gateway.websocket.connectionCount).toBe(1)
  expect(await here.run('1', '{ whoami }')).toMatchObject({ type: 'next' })
  pressure.turnAwayMs = undefined
  using welcome = await new RawSocket(gateway.webSocketUrl).init({
    authorization: await gateway.token('bob'),
  })
  expect(await welcome.run('1', '{ whoami }')).toMatchObject({ type: 'next' })
})
