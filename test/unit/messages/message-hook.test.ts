import { expect, test } from 'vitest'
import { newChatId } from '../../../src/ids.ts'
import { createMessageHook } from '../../../src/messages/message-hook.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { captureLog } from '../../harness/fixtures/captured-log.ts'
import { alice } from '../../harness/fixtures/chat-events.ts'

test('the first of several failures in a row is logged with its reason', async () => {
  const { logger, lines } = captureLog()
  const bodies = ['nonsense', '{}', '{"action":"accept"}', '{"action":"replace","body":""}']
  const hook = createMessageHook({
    url: 'http://product.example/decide',
    secret: `whsec_${Buffer.alloc(24).toString('base64')}`,
    acceptsUnchecked: false,
    post: async () => ({
      type: 'answered',
      status: 200,
      retryAfterMs: undefined,
      body: bodies.shift() ?? '',
    }),
    metrics: createMetrics(),
    logger,
  })
  const question = { type: 'message.send', chatId: newChatId(), senderId: alice, body: 'Hello' } as const
  const decisions: string[] = []
  for (let call = 0; call < 4; call += 1) decisions.push((await hook.ask(question)).type)
  expect(decisions).toEqual(['unknown', 'unknown', 'accept', 'unknown'])
  const warnings = lines.filter(({ level }) => level === 'warn')
  expect(warnings).toMatchObject([
    { msg: 'message hook failed', err: { message: expect.stringContaining('JSON') as unknown } },
    { msg: 'message hook failed', err: { message: expect.stringContaining('body must be') as unknown } },
  ])
})
