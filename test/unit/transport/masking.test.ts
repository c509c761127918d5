import {
  GraphQLError,
  GraphQLObjectType,
  GraphQLScalarType,
  GraphQLSchema,
  GraphQLString,
  graphql,
} from 'graphql'
import type { GraphQLFieldConfigMap } from 'graphql'
import { expect, test, vi } from 'vitest'
import { ParleyError } from '../../../src/errors.ts'
import { httpHintOf, toClientError } from '../../../src/api/masking.ts'

const INTERNAL = { code: 'INTERNAL', retryable: false, errorId: expect.any(String) as string }

const Damaged = new GraphQLScalarType({
  name: 'Damaged',
  serialize: () => {
    throw new GraphQLError('row 17 is damaged')
  },
})

/** Returns the extensions that the client sees in the first error of this query. */
async function outcome(
  fields: GraphQLFieldConfigMap<unknown, unknown>,
  source: string,
): Promise<Readonly<{ message: string; extensions: unknown; logged: number }>> {
  const schema = new GraphQLSchema({ query: new GraphQLObjectType({ name: 'Query', fields }) })
  const { errors } = await graphql({ schema, source })
  const error = vi.fn<() => void>()
  const { message, extensions } = toClientError(errors?.[0], { error })
  return { message, extensions, logged: error.mock.calls.length }
}

test('masks a GraphQLError that a resolver or a scalar throws', async () => {
  const secret = (): never => {
    throw new GraphQLError('row 17 is damaged')
  }
  for (const field of [
    { type: GraphQLString, resolve: secret },
    { type: Damaged, resolve: () => 1 },
  ]) {
    const { message, extensions, logged } = await outcome({ field }, '{ field }')
    expect({ message, extensions, logged }).toEqual({
      message: 'Unexpected error.',
      extensions: INTERNAL,
      logged: 1,
    })
  }
})

test('keeps the position of an error in the document and in the result', () => {
  const error = new GraphQLError('x', {
    path: ['a', 0],
    originalError: new ParleyError('NOT_FOUND', 'Not found.'),
  })
  expect(toClientError(error, { error: vi.fn<() => void>() }).toJSON()).toEqual({
    message: 'Not found.',
    path: ['a', 0],
    extensions: { code: 'NOT_FOUND', retryable: false },
  })
})

test('masks errors that are thrown outside of a field', () => {
  const error = new GraphQLError('row 17 is damaged', { originalError: new Error('row 17 is damaged') })
  expect(toClientError(error, { error: vi.fn<() => void>() })).toMatchObject({
    message: 'Unexpected error.',
    extensions: INTERNAL,
  })
})

test('returns a converted error unchanged, and does not log it again', () => {
  const logger = { error: vi.fn<() => void>() }
  const once = toClientError(new Error('secret'), logger)
  expect(toClientError(once, logger)).toBe(once)
  const wrapped = new GraphQLError(once.message, { originalError: once, path: ['a'] })
  expect(toClientError(wrapped, logger).extensions).toEqual(once.extensions)
  expect(logger.error).toHaveBeenCalledTimes(1)
})

test.each([undefined, null, 'text', 7, {}, Symbol('s'), new DOMException('gone', 'AbortError')])(
  'converts any thrown value, here %s, to an INTERNAL error',
  (thrown) => {
    const error = vi.fn<() => void>()
    const { message, extensions } = toClientError(thrown, { error })
    expect({ message, extensions }).toEqual({ message: 'Unexpected error.', extensions: INTERNAL })
    expect(error).toHaveBeenCalledTimes(1)
  },
)

test('cuts what the client sent, and logs the name of the field instead of its alias', async () => {
  const long = 'x'.repeat(40_000)
  const error = vi.fn<(fields: object) => void>()
  const schema = new GraphQLSchema({
    query: new GraphQLObjectType({
      name: 'Query',
      fields: {
        fail: {
          type: GraphQLString,
          resolve: () => {
            throw new Error('secret')
          },
        },
      },
    }),
  })
  const unknown = await graphql({ schema, source: `{ ${long} }` })
  expect(toClientError(unknown.errors?.[0], { error }).message).toBe(
    `Cannot query field "${'x'.repeat(60)}…" on type "Query".`,
  )
  const aliased = await graphql({ schema, source: `{ ${long}: fail }` })
  toClientError(aliased.errors?.[0], { error })
  expect(error).toHaveBeenCalledTimes(1)
  expect(error.mock.calls[0]?.[0]).toMatchObject({ field: 'fail' })
  expect(JSON.stringify(error.mock.calls)).not.toContain(long)
})

test('does not send the HTTP hint of an error', () => {
  const error = new GraphQLError('Too large', { extensions: { code: 'X', http: { status: 413 } } })
  const masked = toClientError(error, { error: vi.fn<() => void>() })
  expect(httpHintOf(masked)).toEqual({ status: 413 })
  expect(JSON.parse(JSON.stringify(masked))).toEqual({
    message: 'Too large',
    extensions: { code: 'BAD_USER_INPUT', retryable: false },
  })
})

test.each([
  [
    'Syntax Error: Document contains more that 2000 tokens. Parsing aborted.',
    'The operation has more than 2000 tokens. Split it into smaller operations.',
  ],
  [
    'Could not determine what operation to execute.',
    'The operation is missing or ambiguous. Name one operation of the document in operationName.',
  ],
  ['Request body too large', 'The body is larger than this server accepts. Send less at once.'],
])('says what to do instead of "%s"', (original, message) => {
  const { extensions, ...error } = toClientError(new GraphQLError(original), { error: vi.fn<() => void>() })
  expect([error.message, extensions['code']]).toEqual([message, 'BAD_USER_INPUT'])
})
