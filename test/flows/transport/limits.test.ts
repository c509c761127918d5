import { getIntrospectionQuery } from 'graphql'
import { expect, test } from 'vitest'
import { startGateway } from './gateway.ts'
import { post } from './http-client.ts'
import { RawSocket } from './raw-socket.ts'

const nested = (levels: number): string => `${'nested { '.repeat(levels - 1)} name ${'}'.repeat(levels - 1)}`
const times = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, i) => text(i)).join(' ')

const EXCESSIVE: [name: string, query: string, message: string][] = [
  ['2,001 tokens', `{ whoami ${'whoami '.repeat(2_000)} }`, 'more than 2000 tokens. Split it'],
  ['sixteen levels', `{ ${nested(16)} }`, '16 levels of fields; at most 15'],
  ['200 aliases', `{ nested { ${times(200, (i) => `a${i}: __typename`)} } }`, '200 aliases; at most 50'],
  ['21 root fields', `{ ${'whoami '.repeat(21)} }`, '21 root fields; at most 20'],
  ['six directives', `{ whoami ${'@x '.repeat(6)} }`, '6 directives in one place; at most 5'],
  [
    'aliases in a fragment that is spread often',
    `{ nested { ...A nested { ...A nested { ...A } } } } fragment A on Nested { ${times(20, (i) => `a${i}: name`)} }`,
    '60 aliases; at most 50',
  ],
  [
    'fragments that double at every level',
    `{ nested { ...F0 } } ${times(12, (i) => `fragment F${i} on Nested { nested { ...F${i + 1} ...F${i + 1} } }`)}
     fragment F12 on Nested { name }`,
    'fields; at most 1000',
  ],
  [
    'a chain of fragments',
    `{ nested { ...F0 } } ${times(60, (i) => `fragment F${i} on Nested { ...F${i + 1} }`)} fragment F60 on Nested { name }`,
    'levels of fragments; at most 20',
  ],
  [
    'a chain of fragments that is not used',
    `{ whoami } ${times(60, (i) => `fragment F${i} on Nested { ...F${i + 1} }`)} fragment F60 on Nested { name }`,
    'levels of fragments; at most 20',
  ],
  [
    '101 fragments',
    `{ nested { name } } ${times(101, (i) => `fragment F${i} on Nested { name }`)}`,
    '101 fragments; at most 100',
  ],
  [
    '201 spreads',
    `{ nested { ${'...F '.repeat(201)} } } fragment F on Nested { name }`,
    '201 fragment spreads; at most 200',
  ],
]

test.each(EXCESSIVE)('rejects %s over HTTP and names the limit', async (_name, query, message) => {
  await using gateway = await startGateway()
  const answer = await post(gateway.url, query)
  expect(answer.status).toBe(400)
  expect(answer.body.errors).toHaveLength(1)
  expect(answer.body.errors?.[0]?.message).toContain(message)
  expect(answer.body.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', retryable: false })
  expect(gateway.callers).toEqual([])
})

test('rejects all of them over one WebSocket, and keeps the connection', async () => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  for (const [name, query, message] of EXCESSIVE) {
    const { type, payload } = await socket.run(name, query)
    expect(type).toBe('error')
    expect(payload).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', retryable: false } }])
    expect(JSON.stringify(payload)).toContain(message)
  }
  expect(await socket.run('after', '{ whoami }')).toMatchObject({ type: 'next' })
})

test('rejects a fragment cycle', async () => {
  await using gateway = await startGateway()
  const query =
    '{ nested { ...A } } fragment A on Nested { nested { ...B } } fragment B on Nested { nested { ...A } }'
  expect((await post(gateway.url, query)).text).toContain('Cannot spread fragment \\"A\\" within itself')
})

test('allows the introspection query of GraphiQL, and comments of any length', async () => {
  await using gateway = await startGateway()
  const everything = getIntrospectionQuery({
    descriptions: true,
    specifiedByUrl: true,
    directiveIsRepeatable: true,
    schemaDescription: true,
    inputValueDeprecation: true,
    oneOf: true,
  })
  const answer = await post(gateway.url, everything)
  expect(answer.body.errors).toBeUndefined()
  expect((await post(gateway.url, `${'# a comment\n'.repeat(3_000)}{ whoami }`)).status).toBe(200)
})

test('allows each limit exactly', async () => {
  await using gateway = await startGateway()
  expect((await post(gateway.url, `{ ${nested(15)} }`)).status).toBe(200)
  expect((await post(gateway.url, `{ ${'whoami '.repeat(20)} }`)).status).toBe(200)
  const aliases = `{ nested { ${times(50, (i) => `a${i}: __typename`)} } }`
  expect((await post(gateway.url, aliases)).status).toBe(200)
})
