import { expect, test } from 'vitest'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { beginRequestScope, requestIdIn } from '../../../src/telemetry/request-id.ts'

test.each(['7f3a', '018f-a1:b2/c3+d4=', 'Root=1-67891233-abcdef012345678912345678', 'x'.repeat(128)])(
  'accepts the request id %s',
  (id) => {
    expect(requestIdIn(id)).toBe(id)
  },
)

test.each([undefined, '', 'x'.repeat(129), 'two words', 'a"b', 'a\tb', 'é', '<script>', ['a', 'b']])(
  'ignores the request id %j',
  (id) => {
    expect(requestIdIn(id)).toBeUndefined()
  },
)

test('lines carry the request id while the request runs, and not afterwards', async () => {
  const lines: string[] = []
  const logger = createLogger({ level: 'info', pretty: false }, { write: (line) => void lines.push(line) })
  const scope = beginRequestScope('7f3a')
  const isOver = Promise.withResolvers<void>()
  await scope.run(async () => {
    await Promise.resolve()
    logger.info({ step: 1 }, 'during')
    void isOver.promise.then(() => logger.info('after'))
  })
  scope.dispose()
  isOver.resolve()
  await isOver.promise
  logger.info('outside')
  const ids = lines.map((line) => (JSON.parse(line) as { requestId?: string }).requestId)
  expect(ids).toEqual(['7f3a', undefined, undefined])
})
