import { expect, test } from 'vitest'
import { createLogger, type Logger } from '../../../src/telemetry/logger.ts'

type Line = Readonly<Record<string, unknown>>

/** The lines that `write` logs, as in a file. */
function logged(write: (logger: Logger) => void, pretty = false): string {
  let text = ''
  const destination = { write: (line: string) => void (text += line) }
  write(createLogger({ level: 'debug', pretty }, destination))
  return text
}

function line(write: (logger: Logger) => void): Line {
  return JSON.parse(logged(write)) as Line
}

test('a line has the time, the level, the message and the fields', () => {
  const { time, ...rest } = line((logger) =>
    logger.child({ gateway: 'one' }).warn({ chatId: 'c', seq: 3 }, 'a hole'),
  )
  expect(rest).toEqual({ level: 'warn', gateway: 'one', chatId: 'c', seq: 3, msg: 'a hole' })
  expect(new Date(String(time)).toISOString()).toBe(time)
})

test('lines below the level are not written', () => {
  expect(logged((logger) => logger.trace('detail'))).toBe('')
})

test('credentials and message contents are redacted at any depth', () => {
  const text = logged((logger) => {
    logger.info({
      token: 'hush',
      headers: { Authorization: 'hush', cookie: 'hush' },
      operation: { variables: { input: { body: 'hush' } } },
      messages: [{ seq: 1, body: 'hush' }, { messageBody: 'hush' }],
      config: { authSecret: 'hush', database: { PASSWORD: 'hush' } },
    })
  })
  expect(text).not.toContain('hush')
  expect(text).toContain('"seq":1')
})

test('the fields of a child logger are redacted as well', () => {
  const text = logged((logger) => logger.child({ accessToken: 'hu"sh', user: 'alice' }).info('hello'))
  expect(text).not.toContain('sh"')
  expect(JSON.parse(text)).toMatchObject({ accessToken: '[redacted]', user: 'alice' })
})

test.each([
  ['postgres://alice:hush@db/parley is away', 'postgres://[redacted]@db/parley is away'],
  ['redis://:hu@sh@cache:6379', 'redis://[redacted]@cache:6379'],
  ['Authorization: Bearer hush.hush', 'Authorization: Bearer [redacted]'],
  ['token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.hush-_hush refused', 'token [redacted] refused'],
  ['session-eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.hush', '[redacted]'],
  ['1redis://:hush@cache', '1redis://[redacted]@cache'],
  ['GET /file?a=1&X-Amz-Signature=hush&b=2', 'GET /file?a=1&X-Amz-Signature=[redacted]&b=2'],
  ['GET /media/1/file?u=YQ&e=1&sig=hush', 'GET /media/1/file?u=YQ&e=1&sig=[redacted]'],
])('the credential in %s is redacted within a text', (text, safe) => {
  expect(line((logger) => logger.info({ note: text }, text))).toMatchObject({ note: safe, msg: safe })
})

test('a URL without credentials is unchanged', () => {
  const text = 'listening on http://127.0.0.1:4000/graphql?a=b for alice@example.org'
  expect(line((logger) => logger.info(text))).toMatchObject({ msg: text })
})

test('an error is logged with its causes, but without the row that the database quotes', () => {
  const cause = Object.assign(new Error('duplicate key'), {
    code: '23505',
    detail: 'Key (body)=(hush)',
    parameters: ['hush'],
  })
  const error = new AggregateError([new TypeError('first')], 'not stored', { cause })
  const { err } = line((logger) => logger.error({ err: error }, 'a batch was not stored'))
  expect(err).toMatchObject({
    type: 'AggregateError',
    message: 'not stored',
    stack: expect.stringContaining('not stored') as string,
    cause: { type: 'Error', message: 'duplicate key', code: '23505' },
    errors: [{ type: 'TypeError', message: 'first' }],
  })
  expect(JSON.stringify(err)).not.toContain('hush')
})

test('any thrown value can be logged', () => {
  const circle: Record<string, unknown> = { size: 10n, bytes: new Uint8Array(3) }
  circle['self'] = circle
  expect(line((logger) => logger.error({ err: 'just a text', circle }))).toMatchObject({
    err: 'just a text',
    circle: { size: '10', bytes: '[3 bytes]' },
  })
})

// With a pattern that takes quadratic time, each of these takes minutes, and the test ends by its time limit.
test.each([
  ['letters', 'a'],
  ['schemes', 'a+'],
  ['starts of tokens', '-eyJ'],
  ['tokens without an end', 'eyJa.'],
  ['parameters', '?a-token'],
  ['credentials', 'Bearer '],
  ['private fields', '"token":"'],
  ['escapes', '\\"body":"\\'],
])('a text of many %s is redacted in linear time', (_case, part) => {
  const text = part.repeat(Math.ceil(400_000 / part.length))
  const { msg, more } = line((logger) => logger.error({ more: text }, text))
  expect(String(msg).length + String(more).length).toBeGreaterThan(0)
})

test('readable lines are redacted as well', () => {
  const text = logged(
    (logger) => logger.info({ token: 'hush', user: 'alice' }, 'from postgres://a:hush@db/x'),
    true,
  )
  expect(text).toContain('alice')
  expect(text).not.toContain('hush')
  expect(text).not.toMatch(/^\{/)
})
